// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// ICMP errors: recognised, cut ones refused, translated with the quoted packet so that every checksum is
// right by recomputation, and never a byte written that is not in the packet.
#include "frame.h"
#include "world.h"

#define ROUTER 0x0a636363u // 10.99.99.99

static const uint8_t error_types[] = {POISE_ICMP_UNREACHABLE, POISE_ICMP_TIME_EXCEEDED, POISE_ICMP_PARAMETER};

// What the far side of `direction` received: the packet that the error is about, after translation.
static void cause_of(struct frame *cause, const struct poise_flow *flow, enum poise_direction error_direction,
		     uint8_t ip_options)
{
	struct poise_key key =
		poise_flow_translated(flow, error_direction == POISE_INWARD ? POISE_OUTWARD : POISE_INWARD);
	struct frame_spec spec = {.src = POISE_HOST32(key.src),
				  .dst = POISE_HOST32(key.dst),
				  .src_port = POISE_HOST16(key.src_port),
				  .dst_port = POISE_HOST16(key.dst_port),
				  .seq = 1000,
				  .ack = 2000,
				  .flags = POISE_TCP_ACK,
				  .payload = 100,
				  .ip_options = ip_options};

	frame_tcp(cause, &spec);
}

static void error_about(struct frame *error, const struct frame *cause, uint32_t from, uint8_t inner_bytes,
			uint8_t type, uint8_t code)
{
	const uint8_t *inner = cause->bytes + cause->l3;
	struct frame_spec spec = {.src = from,
				  .inner_bytes = inner_bytes,
				  .dst = frame_get16(inner + 12) << 16 | frame_get16(inner + 14)};

	frame_icmp_error(error, &spec, cause, type, code);
}

static enum poise_verdict parse(const struct frame *frame, uint32_t length, struct poise_packet *packet)
{
	uint8_t *copy = check_copy(frame->bytes, length);
	enum poise_verdict verdict = poise_parse(copy, copy + length, length, packet);

	free(copy);
	return verdict;
}

static void recognised(void)
{
	struct poise_packet packet;
	struct frame cause, error;
	struct world world;
	__u32 number;

	world_init(&world, 1, POISE_NAT_FULL, 100);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 4000, ~0ull, &number), POISE_FORWARDED);
	for (int direction = POISE_INWARD; direction <= POISE_OUTWARD; direction++)
		for (size_t i = 0; i < POISE_COUNT(error_types); i++)
			for (uint8_t options = 0; options <= 10; options++) {
				struct poise_flow *flow = poise_record(&world.table, number);

				cause_of(&cause, flow, (enum poise_direction)direction, options);
				error_about(&error, &cause, ROUTER, 8, error_types[i], 0);
				CU_ASSERT_EQUAL(parse(&error, error.length, &packet), POISE_FORWARDED);
				CU_ASSERT_EQUAL(packet.kind, POISE_PACKET_ICMP_ERROR);
				CU_ASSERT_EQUAL(packet.inner_l4, packet.inner_l3 + 20 + options * 4);
				CU_ASSERT(direction == POISE_INWARD
						  ? poise_flow_matches(flow, POISE_INWARD, &packet.key)
						  : poise_flow_matches(flow, POISE_OUTWARD, &packet.key));
			}
	world_fini(&world);
}

// Errors cut at every length, by the frame's end and by the IPv4 total length.
static void cut(void)
{
	struct frame_spec spec = {.src = 0xcb00710a,
				  .dst = 0xc6336401,
				  .src_port = 443,
				  .dst_port = 4000,
				  .flags = POISE_TCP_ACK};
	struct poise_packet packet;
	struct frame cause, error;
	unsigned int bad = 0;

	for (uint8_t options = 0; options <= 10; options += 5) {
		uint32_t need;

		spec.ip_options = options;
		frame_tcp(&cause, &spec);
		error_about(&error, &cause, ROUTER, 8, POISE_ICMP_UNREACHABLE, 3);
		need = 20 + 8 + 20 + options * 4u + 8;
		for (uint32_t total = 20; total <= need; total++) {
			struct frame shorter = error;
			enum poise_verdict want = total == need ? POISE_FORWARDED : POISE_ICMP_MALFORMED;

			frame_put16(shorter.bytes + 16, total);
			if (total < 28)
				want = POISE_RUNT;
			bad += parse(&shorter, error.length, &packet) != want; // padded
			bad += parse(&shorter, 14 + total, &packet) != want;
		}
		for (uint32_t length = 0; length < error.length; length++)
			bad += parse(&error, length, &packet) == POISE_FORWARDED;
	}
	CU_ASSERT_EQUAL(bad, 0);
}

static void inner_lies(void)
{
	static const struct {
		uint8_t offset, value; // of the inner IPv4 header
		enum poise_verdict verdict;
	} list[] = {
		{0, 0x65, POISE_ICMP_MALFORMED}, {0, 0x44, POISE_ICMP_MALFORMED},
		{0, 0x40, POISE_ICMP_MALFORMED}, {0, 0x4f, POISE_ICMP_MALFORMED},
		{6, 0x1f, POISE_ICMP_MALFORMED}, {7, 0x01, POISE_ICMP_MALFORMED},
		{6, 0x40, POISE_FORWARDED},	 {9, 17, POISE_NOT_TCP},
		{9, 1, POISE_NOT_TCP},
	};
	struct frame_spec spec = {.src = 0xcb00710a,
				  .dst = 0xc6336401,
				  .src_port = 443,
				  .dst_port = 4000,
				  .flags = POISE_TCP_ACK};
	struct poise_packet packet;
	struct frame cause, error;

	frame_tcp(&cause, &spec);
	for (size_t i = 0; i < POISE_COUNT(list); i++) {
		error_about(&error, &cause, ROUTER, 8, POISE_ICMP_TIME_EXCEEDED, 0);
		error.bytes[error.l4 + 8 + list[i].offset] = list[i].value;
		CU_ASSERT_EQUAL(parse(&error, error.length, &packet), list[i].verdict);
	}
}

// Queries and other types are not for the flow table.
static void other_types(void)
{
	struct frame_spec spec = {.src = 0xcb00710a,
				  .dst = 0xc6336401,
				  .src_port = 443,
				  .dst_port = 4000,
				  .flags = POISE_TCP_ACK};
	struct poise_packet packet;
	struct frame cause, error;

	frame_tcp(&cause, &spec);
	for (uint32_t type = 0; type < 256; type++) {
		enum poise_verdict want = POISE_NOT_TCP;

		error_about(&error, &cause, ROUTER, 8, (uint8_t)type, 0);
		if (memchr(error_types, (int)type, sizeof(error_types)) || type == POISE_ICMP_ECHO)
			want = POISE_FORWARDED;
		CU_ASSERT_EQUAL(parse(&error, error.length, &packet), want);
		if (type == POISE_ICMP_ECHO)
			CU_ASSERT_EQUAL(packet.kind, POISE_PACKET_ICMP_ECHO);
	}
}

// Translate an error of every quoted length; compare with the error as the other side would have built it
// about its own packet.
static void translated(enum poise_nat nat, enum poise_direction direction)
{
	unsigned int bad = 0;
	struct world world;
	__u32 number;

	world_init(&world, 1, nat, 100);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 4000, ~0ull, &number), POISE_FORWARDED);
	for (uint8_t quoted = 8; quoted <= 60; quoted++) {
		const struct poise_flow *flow = poise_record(&world.table, number);
		enum poise_direction opposite = direction == POISE_INWARD ? POISE_OUTWARD : POISE_INWARD;
		struct frame cause, error, original, want;
		struct poise_step step = {.direction = (__u8)direction};
		struct poise_key sent, key = poise_flow_translated(flow, direction);
		uint32_t source = ROUTER;
		uint8_t *copy;
		uint16_t port;

		cause_of(&cause, flow, direction, 0);
		error_about(&error, &cause, ROUTER, quoted, POISE_ICMP_UNREACHABLE, 4);
		bad += parse(&error, error.length, &step.packet) != POISE_FORWARDED;
		copy = check_copy(error.bytes, error.length);
		bad += poise_rewrite(world.snapshot, flow, &step, copy, copy + error.length, &port) !=
		       POISE_FORWARDED;

		// The packet as its own sender knows it, and the error about that one.
		if (direction == POISE_OUTWARD || nat == POISE_NAT_FULL)
			source = POISE_HOST32(key.src);
		sent = (struct poise_key){key.dst, key.src, key.dst_port, key.src_port};
		{
			struct frame_spec spec = {.src = POISE_HOST32(sent.src),
						  .dst = POISE_HOST32(sent.dst),
						  .src_port = POISE_HOST16(sent.src_port),
						  .dst_port = POISE_HOST16(sent.dst_port),
						  .seq = 1000,
						  .ack = 2000,
						  .flags = POISE_TCP_ACK,
						  .payload = 100};

			frame_tcp(&original, &spec);
		}
		error_about(&want, &original, source, quoted, POISE_ICMP_UNREACHABLE, 4);
		want.bytes[want.l3 + 8]--; // one hop
		if (quoted == 17)	   // half a checksum is quoted: it stays what it was
			want.bytes[want.l4 + 44] = error.bytes[error.l4 + 44];
		frame_checksum(want.bytes + want.l3);
		bad += !frame_valid(copy + error.l3);
		bad += memcmp(copy + 14, want.bytes + 14, error.length - 14) != 0;
		bad += error.length != want.length || opposite == direction;
		free(copy);
	}
	CU_ASSERT_EQUAL(bad, 0);
	world_fini(&world);
}

static void dnat_inward(void)
{
	translated(POISE_NAT_DNAT, POISE_INWARD);
}

static void dnat_outward(void)
{
	translated(POISE_NAT_DNAT, POISE_OUTWARD);
}

static void full_inward(void)
{
	translated(POISE_NAT_FULL, POISE_INWARD);
}

static void full_outward(void)
{
	translated(POISE_NAT_FULL, POISE_OUTWARD);
}

// Bytes behind the IPv4 packet (padding) are not taken for a quoted checksum.
static void padding_is_not_quoted(void)
{
	struct poise_step step = {.direction = POISE_INWARD};
	struct frame cause, error;
	struct world world;
	uint8_t *copy;
	__u32 number;
	uint16_t port;

	world_init(&world, 1, POISE_NAT_DNAT, 100);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 4000, ~0ull, &number), POISE_FORWARDED);
	cause_of(&cause, poise_record(&world.table, number), POISE_INWARD, 0);
	error_about(&error, &cause, ROUTER, 8, POISE_ICMP_UNREACHABLE, 1);
	memset(error.bytes + error.length, 0x77, 40);
	error.length += 40;
	CU_ASSERT_EQUAL(parse(&error, error.length, &step.packet), POISE_FORWARDED);
	copy = check_copy(error.bytes, error.length);
	CU_ASSERT_EQUAL(poise_rewrite(world.snapshot, poise_record(&world.table, number), &step, copy,
				      copy + error.length, &port),
			POISE_FORWARDED);
	CU_ASSERT(frame_valid(copy + 14));
	CU_ASSERT_EQUAL(memcmp(copy + error.length - 40, error.bytes + error.length - 40, 40), 0);
	free(copy);
	world_fini(&world);
}

// RFC 5508 REQ-6: an error neither refreshes nor ends a flow.
static void flow_is_untouched(void)
{
	struct poise_step step = {.direction = POISE_OUTWARD};
	struct poise_flow before, *flow;
	struct frame cause, error;
	struct world world;
	__u32 number;

	world_init(&world, 1, POISE_NAT_DNAT, 100);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 4000, ~0ull, &number), POISE_FORWARDED);
	flow = poise_record(&world.table, number);
	before = *flow;
	for (uint8_t code = 0; code < 16; code++) {
		cause_of(&cause, flow, POISE_OUTWARD, 0);
		error_about(&error, &cause, ROUTER, 8, POISE_ICMP_UNREACHABLE, code);
		CU_ASSERT_EQUAL(parse(&error, error.length, &step.packet), POISE_FORWARDED);
		CU_ASSERT_EQUAL(poise_account(&world.table, flow, &step, 99999), POISE_FORWARDED);
		CU_ASSERT_EQUAL(memcmp(&before, flow, sizeof(before)), 0);
	}
	world_fini(&world);
}

static const struct check_case cases[] = {
	{"recognised", recognised},
	{"cut at every length", cut},
	{"the quoted header lies", inner_lies},
	{"other types", other_types},
	{"DNAT, inward", dnat_inward},
	{"DNAT, outward", dnat_outward},
	{"full NAT, inward", full_inward},
	{"full NAT, outward", full_outward},
	{"padding is not quoted", padding_is_not_quoted},
	{"the flow is untouched", flow_is_untouched},
};

CHECK_MAIN("icmp", cases)
