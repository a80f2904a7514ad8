// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The parser must name every broken frame by its reason and read not one byte behind it. Every frame is
// parsed from a heap buffer of its exact size, so that AddressSanitizer is part of the test.
#include <poise/parse.h>

#include "check.h"
#include "frame.h"

static const struct frame_spec plain = {.src = 0xc6336401,
					.dst = 0xcb00710a,
					.src_port = 40000,
					.dst_port = 443,
					.seq = 0x11223344,
					.ack = 0x55667788,
					.flags = POISE_TCP_ACK,
					.payload = 10};

static enum poise_verdict parse_bytes(const uint8_t *bytes, uint32_t length, struct poise_packet *packet)
{
	uint8_t *copy = check_copy(bytes, length);
	enum poise_verdict verdict = poise_parse(copy, copy + length, length, packet);

	free(copy);
	return verdict;
}

static enum poise_verdict parse(const struct frame *frame, struct poise_packet *packet)
{
	return parse_bytes(frame->bytes, frame->length, packet);
}

static void plain_tcp(void)
{
	struct poise_packet packet;
	struct frame frame;

	frame_tcp(&frame, &plain);
	CU_ASSERT_EQUAL(parse(&frame, &packet), POISE_FORWARDED);
	CU_ASSERT_EQUAL(packet.kind, POISE_PACKET_TCP);
	CU_ASSERT_EQUAL(packet.key.src, POISE_BE32(0xc6336401));
	CU_ASSERT_EQUAL(packet.key.dst, POISE_BE32(0xcb00710a));
	CU_ASSERT_EQUAL(packet.outer_dst, packet.key.dst);
	CU_ASSERT_EQUAL(packet.key.src_port, POISE_BE16(40000));
	CU_ASSERT_EQUAL(packet.key.dst_port, POISE_BE16(443));
	CU_ASSERT_EQUAL(packet.seq, POISE_BE32(0x11223344));
	CU_ASSERT_EQUAL(packet.ack, POISE_BE32(0x55667788));
	CU_ASSERT_EQUAL(packet.tcp_flags, POISE_TCP_ACK);
	CU_ASSERT_EQUAL(packet.ttl, 64);
	CU_ASSERT_EQUAL(packet.l3, 14);
	CU_ASSERT_EQUAL(packet.l4, 34);
	CU_ASSERT_EQUAL(packet.l4_length, 30);
}

// Every mix of tags, IP options, TCP options and padding, cut at every length.
static void every_truncation(void)
{
	unsigned int bad = 0, tried = 0;

	for (uint8_t tags = 0; tags <= 2; tags++)
		for (uint8_t ip_options = 0; ip_options <= 10; ip_options++)
			for (uint8_t tcp_options = 0; tcp_options <= 10; tcp_options += 2) {
				struct frame_spec spec = plain;
				struct poise_packet packet;
				struct frame frame;

				spec.tags = tags;
				spec.ip_options = ip_options;
				spec.tcp_options = tcp_options;
				frame_tcp(&frame, &spec);
				bad += parse(&frame, &packet) != POISE_FORWARDED;
				bad += packet.l3 != frame.l3 || packet.l4 != frame.l4;
				for (uint32_t length = 0; length < frame.length; length++, tried++) {
					enum poise_verdict verdict =
						parse_bytes(frame.bytes, length, &packet);
					uint32_t headers = frame.l3 + 20u;

					bad += verdict != (length < headers ? POISE_RUNT : POISE_IP_LENGTH);
				}
			}
	CU_ASSERT_EQUAL(bad, 0);
	CU_ASSERT(tried > 10000);
}

// A chained buffer: the wire length is right, but only the first bytes may be touched.
static void every_first_segment(void)
{
	struct frame_spec spec = plain;
	struct poise_packet packet;
	struct frame frame;
	unsigned int bad = 0;

	spec.ip_options = 2;
	frame_tcp(&frame, &spec);
	for (uint32_t length = 0; length <= frame.length; length++) {
		uint8_t *copy = check_copy(frame.bytes, length);
		enum poise_verdict verdict = poise_parse(copy, copy + length, frame.length, &packet);

		bad += verdict != (length < frame.l4 + 20u ? POISE_RUNT : POISE_FORWARDED);
		free(copy);
	}
	CU_ASSERT_EQUAL(bad, 0);
}

static void vlan_tags(void)
{
	struct frame_spec spec = plain;
	struct poise_packet packet;
	struct frame frame;

	for (uint8_t tags = 0; tags <= 4; tags++) {
		spec.tags = tags;
		frame_tcp(&frame, &spec);
		CU_ASSERT_EQUAL(parse(&frame, &packet), tags <= 2 ? POISE_FORWARDED : POISE_VLAN_DEPTH);
	}
	// Priority tag: VLAN 0 is parsed like any other.
	spec.tags = 1;
	frame_tcp(&frame, &spec);
	frame_put16(frame.bytes + 14, 0xe000);
	CU_ASSERT_EQUAL(parse(&frame, &packet), POISE_FORWARDED);
	// A tag without anything behind it.
	CU_ASSERT_EQUAL(parse_bytes(frame.bytes, 14, &packet), POISE_RUNT);
	CU_ASSERT_EQUAL(parse_bytes(frame.bytes, 17, &packet), POISE_RUNT);
}

static void padding_is_not_payload(void)
{
	struct frame_spec spec = plain;
	struct poise_packet packet;
	struct frame frame;

	spec.payload = 0;
	spec.padding = 6; // 40 bytes of IPv4 in a frame of 60
	frame_tcp(&frame, &spec);
	CU_ASSERT_EQUAL(frame.length, 60);
	CU_ASSERT_EQUAL(parse(&frame, &packet), POISE_FORWARDED);
	CU_ASSERT_EQUAL(packet.l4_length, 20);
}

static void ip_header_lies(void)
{
	struct poise_packet packet;
	struct frame frame;
	unsigned int bad = 0;

	for (uint32_t value = 0; value < 256; value++) {
		uint32_t version = value >> 4, words = value & 15;
		enum poise_verdict verdict;

		frame_tcp(&frame, &plain);
		frame.bytes[14] = (uint8_t)value;
		verdict = parse(&frame, &packet);
		if (version != 4 || words < 5)
			bad += verdict != POISE_IP_HEADER;
		else if (words * 4 > 50)
			bad += verdict != POISE_IP_LENGTH;
		else if (words > 5) // the TCP header would be read from the middle of TCP
			bad += verdict == POISE_FORWARDED && packet.l4 + 20u > frame.length;
		else
			bad += verdict != POISE_FORWARDED;
	}
	CU_ASSERT_EQUAL(bad, 0);
}

static void total_length_lies(void)
{
	struct poise_packet packet;
	struct frame frame;
	unsigned int bad = 0;

	for (uint32_t total = 0; total <= 0xffff; total++) {
		enum poise_verdict verdict;

		frame_tcp(&frame, &plain);
		frame_put16(frame.bytes + 16, total);
		verdict = parse(&frame, &packet);
		if (total < 20 || total > 50)
			bad += verdict != POISE_IP_LENGTH;
		else if (total < 40) // in the frame there are bytes, but they are not the packet's
			bad += verdict != POISE_TCP_HEADER;
		else
			bad += verdict != POISE_FORWARDED || packet.l4_length != total - 20;
	}
	CU_ASSERT_EQUAL(bad, 0);
}

static void data_offset_lies(void)
{
	struct poise_packet packet;
	struct frame frame;

	for (uint32_t words = 0; words < 16; words++) {
		frame_tcp(&frame, &plain);
		frame.bytes[46] = (uint8_t)(words << 4);
		CU_ASSERT_EQUAL(parse(&frame, &packet),
				words < 5 || words * 4 > 30 ? POISE_TCP_HEADER : POISE_FORWARDED);
	}
}

static void fragments(void)
{
	struct frame_spec spec = plain;
	struct poise_packet packet;
	struct frame frame;

	spec.fragment = 0x4000; // don't fragment
	frame_tcp(&frame, &spec);
	CU_ASSERT_EQUAL(parse(&frame, &packet), POISE_FORWARDED);
	spec.fragment = 0x2000; // first
	frame_tcp(&frame, &spec);
	CU_ASSERT_EQUAL(parse(&frame, &packet), POISE_FRAGMENT);
	spec.fragment = 0x2001; // middle
	frame_tcp(&frame, &spec);
	CU_ASSERT_EQUAL(parse(&frame, &packet), POISE_FRAGMENT);
	spec.fragment = 0x1fff; // last
	frame_tcp(&frame, &spec);
	CU_ASSERT_EQUAL(parse(&frame, &packet), POISE_FRAGMENT);
	// Last fragment of one byte: no TCP header at all.
	frame_put16(frame.bytes + 16, 21);
	CU_ASSERT_EQUAL(parse_bytes(frame.bytes, 35, &packet), POISE_FRAGMENT);
	CU_ASSERT_EQUAL(parse_bytes(frame.bytes, 60, &packet), POISE_FRAGMENT);
}

static int flags_good(uint32_t flags)
{
	switch (flags & (POISE_TCP_SYN | POISE_TCP_FIN | POISE_TCP_RST)) {
	case POISE_TCP_SYN:
	case POISE_TCP_RST:
		return 1;
	case 0:
	case POISE_TCP_FIN:
		return (flags & POISE_TCP_ACK) != 0;
	default:
		return 0;
	}
}

static void every_flag_mix(void)
{
	struct poise_packet packet;
	struct frame frame;
	unsigned int bad = 0;

	for (uint32_t flags = 0; flags < 256; flags++) { // with ECE and CWR, which are let through
		struct frame_spec spec = plain;

		spec.flags = (uint8_t)flags;
		frame_tcp(&frame, &spec);
		bad += parse(&frame, &packet) != (flags_good(flags) ? POISE_FORWARDED : POISE_TCP_FLAGS);
		bad += packet.tcp_flags != (flags & 0x3f);
	}
	CU_ASSERT_EQUAL(bad, 0);
}

static void ports_zero(void)
{
	struct frame_spec spec = plain;
	struct poise_packet packet;
	struct frame frame;

	spec.src_port = 0;
	frame_tcp(&frame, &spec);
	CU_ASSERT_EQUAL(parse(&frame, &packet), POISE_PORT_ZERO);
	spec.src_port = 1;
	spec.dst_port = 0;
	frame_tcp(&frame, &spec);
	CU_ASSERT_EQUAL(parse(&frame, &packet), POISE_PORT_ZERO);
}

static void source_addresses(void)
{
	static const struct {
		uint32_t source;
		int good;
	} list[] = {
		{0x00000000, 0}, {0x00ffffff, 0}, {0x01000000, 1}, {0x0a000001, 1}, {0x7effffff, 1},
		{0x7f000000, 0}, {0x7f000001, 0}, {0x7fffffff, 0}, {0x80000000, 1}, {0xdfffffff, 1},
		{0xe0000000, 0}, {0xefffffff, 0}, {0xf0000000, 0}, {0xffffffff, 0}, {0xcb00710a, 0},
	};
	struct poise_packet packet;
	struct frame frame;

	for (size_t i = 0; i < POISE_COUNT(list); i++) {
		struct frame_spec spec = plain;

		spec.src = list[i].source;
		frame_tcp(&frame, &spec);
		CU_ASSERT_EQUAL(parse(&frame, &packet), list[i].good ? POISE_FORWARDED : POISE_IP_ADDRESS);
	}
}

static void other_protocols(void)
{
	static const uint16_t types[] = {0x86dd, 0x88cc, 0x8847, 0x0000, 0x05dc, 0xffff};
	struct poise_packet packet;
	struct frame frame;
	unsigned int bad = 0;

	for (uint32_t protocol = 0; protocol < 256; protocol++) {
		if (protocol == POISE_PROTOCOL_TCP || protocol == POISE_PROTOCOL_ICMP)
			continue;
		frame_tcp(&frame, &plain);
		frame.bytes[23] = (uint8_t)protocol;
		bad += parse(&frame, &packet) != POISE_NOT_TCP;
	}
	CU_ASSERT_EQUAL(bad, 0);
	for (size_t i = 0; i < POISE_COUNT(types); i++) {
		frame_tcp(&frame, &plain);
		frame_put16(frame.bytes + 12, types[i]);
		CU_ASSERT_EQUAL(parse(&frame, &packet), POISE_NOT_IPV4);
		CU_ASSERT_EQUAL(parse_bytes(frame.bytes, 14, &packet), POISE_NOT_IPV4);
	}
}

static void arp_frame(struct frame *frame, uint8_t tags)
{
	uint8_t *arp;

	frame_link(frame, tags, POISE_ETHERTYPE_ARP);
	arp = frame->bytes + frame->l3;
	frame_put16(arp, 1);
	frame_put16(arp + 2, POISE_ETHERTYPE_IPV4);
	arp[4] = 6;
	arp[5] = 4;
	frame_put16(arp + 6, 1);
	frame_put32(arp + 24, 0xcb00710a);
	frame->length += 28;
}

static void arp_shapes(void)
{
	static const struct {
		uint8_t offset, value;
	} wrong[] = {{0, 1}, {1, 6}, {2, 0}, {3, 6}, {4, 0}, {4, 255}, {5, 0}, {5, 16}};
	struct poise_packet packet;
	struct frame frame;

	for (uint8_t tags = 0; tags <= 2; tags++) {
		arp_frame(&frame, tags);
		CU_ASSERT_EQUAL(parse(&frame, &packet), POISE_FORWARDED);
		CU_ASSERT_EQUAL(packet.kind, POISE_PACKET_ARP);
		CU_ASSERT_EQUAL(packet.outer_dst, POISE_BE32(0xcb00710a));
		for (uint32_t length = frame.l3; length < frame.length; length++)
			CU_ASSERT_EQUAL(parse_bytes(frame.bytes, length, &packet), POISE_ARP_MALFORMED);
	}
	for (size_t i = 0; i < POISE_COUNT(wrong); i++) {
		arp_frame(&frame, 0);
		frame.bytes[14 + wrong[i].offset] = wrong[i].value;
		CU_ASSERT_EQUAL(parse(&frame, &packet), POISE_ARP_MALFORMED);
	}
}

// Anything at all: the sanitizer build proves that nothing outside is read; a packet that is let
// through must have all its offsets inside.
static void random_bytes(void)
{
	uint64_t state = 99;
	unsigned int bad = 0, forwarded = 0;

	for (unsigned int round = 0; round < 300000; round++) {
		struct frame_spec spec = plain;
		struct poise_packet packet;
		struct frame frame;

		spec.tags = (uint8_t)(check_random(&state) % 3);
		spec.ip_options = (uint8_t)(check_random(&state) % 4);
		frame_tcp(&frame, &spec);
		for (uint64_t flips = check_random(&state) % 6; flips; flips--)
			frame.bytes[12 + check_random(&state) % (frame.length - 12)] =
				(uint8_t)check_random(&state);
		frame.length -=
			(uint32_t)(check_random(&state) % 8 ? 0 : check_random(&state) % frame.length);
		if (parse(&frame, &packet) != POISE_FORWARDED)
			continue;
		forwarded++;
		switch (packet.kind) {
		case POISE_PACKET_TCP:
			bad += packet.l4 + 20u > frame.length || packet.l4_length < 20 ||
			       packet.l4 + packet.l4_length > frame.length;
			break;
		case POISE_PACKET_ICMP_ERROR:
			bad += packet.inner_l4 + 8u > frame.length || packet.inner_l3 != packet.l4 + 8;
			break;
		case POISE_PACKET_ICMP_ECHO:
			bad += packet.l4 + 8u > frame.length;
			break;
		case POISE_PACKET_ARP:
			bad += packet.l3 + 28u > frame.length;
			break;
		default:
			bad++;
		}
	}
	CU_ASSERT_EQUAL(bad, 0);
	CU_ASSERT(forwarded > 30000);
}

// The short cut for the common packet takes nothing that the general parser would not, and says the same.
static void short_cut_agrees(void)
{
	uint64_t state = 5;
	unsigned int bad = 0, taken = 0;

	for (unsigned int round = 0; round < 300000; round++) {
		struct poise_packet quick = {0}, thorough;
		struct frame_spec spec = plain;
		struct frame frame;

		spec.flags = (uint8_t)(check_random(&state) & 63);
		frame_tcp(&frame, &spec);
		for (uint64_t flips = check_random(&state) % 3; flips; flips--)
			frame.bytes[12 + check_random(&state) % 42] = (uint8_t)check_random(&state);
		if (!poise_parse_plain(frame.bytes, frame.bytes + frame.length, frame.length, &quick))
			continue;
		taken++;
		bad += poise_parse_general(frame.bytes, frame.bytes + frame.length, frame.length,
					   &thorough) != POISE_FORWARDED ||
		       memcmp(&quick, &thorough, sizeof(quick));
	}
	CU_ASSERT_EQUAL(bad, 0);
	CU_ASSERT(taken > 30000);
}

static const struct check_case cases[] = {
	{"plain TCP", plain_tcp},
	{"every truncation", every_truncation},
	{"every first segment", every_first_segment},
	{"VLAN tags", vlan_tags},
	{"padding", padding_is_not_payload},
	{"version and header length lie", ip_header_lies},
	{"total length lies", total_length_lies},
	{"TCP data offset lies", data_offset_lies},
	{"fragments", fragments},
	{"every mix of TCP flags", every_flag_mix},
	{"port zero", ports_zero},
	{"source addresses", source_addresses},
	{"other protocols", other_protocols},
	{"ARP of wrong size or type", arp_shapes},
	{"random damage", random_bytes},
	{"short cut", short_cut_agrees},
};

CHECK_MAIN("parse", cases)
