// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Answers that the balancer gives itself: ARP, echo, time exceeded.
#include <poise/reply.h>

#include "frame.h"
#include "world.h"

static const uint8_t own_mac[6] = {2, 0, 0, 0, 1, 0}, peer_mac[6] = {2, 0, 0, 0, 0, 0xbb};

static void arp_frame(struct frame *frame, uint8_t tags, uint16_t operation, uint32_t sender, uint32_t target)
{
	uint8_t *arp;

	frame_link(frame, tags, POISE_ETHERTYPE_ARP);
	memset(frame->bytes, 0xff, 6);
	arp = frame->bytes + frame->l3;
	frame_put16(arp, 1);
	frame_put16(arp + 2, POISE_ETHERTYPE_IPV4);
	arp[4] = 6;
	arp[5] = 4;
	frame_put16(arp + 6, operation);
	memcpy(arp + 8, peer_mac, 6);
	frame_put32(arp + 14, sender);
	frame_put32(arp + 24, target);
	frame->length += 28;
}

static enum poise_verdict answer_arp(const struct world *world, struct frame *frame, int snat_too)
{
	uint8_t *copy = check_copy(frame->bytes, frame->length);
	enum poise_verdict verdict =
		poise_reply_arp(world->snapshot, copy, copy + frame->length, frame->l3, own_mac, snat_too);

	memcpy(frame->bytes, copy, frame->length);
	free(copy);
	return verdict;
}

static void arp(void)
{
	struct world world;
	struct frame frame, want;

	world_init(&world, 1, POISE_NAT_DNAT, 100);
	for (uint8_t tags = 0; tags <= 2; tags++) {
		arp_frame(&frame, tags, 1, WORLD_CLIENT, WORLD_VIP);
		CU_ASSERT_EQUAL(answer_arp(&world, &frame, 0), POISE_ARP_ANSWERED);
		arp_frame(&want, tags, 2, WORLD_VIP, WORLD_CLIENT);
		memcpy(want.bytes, peer_mac, 6);
		memcpy(want.bytes + 6, own_mac, 6);
		memcpy(want.bytes + want.l3 + 8, own_mac, 6);
		memcpy(want.bytes + want.l3 + 18, peer_mac, 6);
		CU_ASSERT_EQUAL(memcmp(frame.bytes, want.bytes, want.length), 0);
	}
	world_fini(&world);
}

static void arp_not_ours(void)
{
	static const struct {
		uint16_t operation;
		uint32_t target;
		int snat_too;
		enum poise_verdict verdict;
	} list[] = {
		{1, WORLD_VIP + 1, 0, POISE_ARP_NOT_OURS},  {1, WORLD_BACKEND, 1, POISE_ARP_NOT_OURS},
		{1, WORLD_SNAT, 0, POISE_ARP_NOT_OURS},	    {1, WORLD_SNAT, 1, POISE_ARP_ANSWERED},
		{2, WORLD_VIP, 0, POISE_ARP_NOT_OURS},	    {0, WORLD_VIP, 0, POISE_ARP_NOT_OURS},
		{0x0100, WORLD_VIP, 0, POISE_ARP_NOT_OURS},
	};
	struct world world;
	struct frame frame, before;

	world_init(&world, 1, POISE_NAT_DNAT, 100);
	for (size_t i = 0; i < POISE_COUNT(list); i++) {
		arp_frame(&frame, 0, list[i].operation, WORLD_CLIENT, list[i].target);
		before = frame;
		CU_ASSERT_EQUAL(answer_arp(&world, &frame, list[i].snat_too), list[i].verdict);
		if (list[i].verdict == POISE_ARP_NOT_OURS)
			CU_ASSERT_EQUAL(memcmp(&frame, &before, sizeof(frame)), 0);
	}
	arp_frame(&frame, 0, 1, WORLD_CLIENT, WORLD_VIP);
	frame.length--;
	CU_ASSERT_EQUAL(answer_arp(&world, &frame, 0), POISE_ARP_MALFORMED);
	world_fini(&world);
}

static void echo_frame(struct frame *frame, uint8_t tags, uint8_t options, uint32_t to, uint16_t data)
{
	struct frame_spec spec = {.src = WORLD_CLIENT, .dst = to, .ttl = 7, .ip_options = options};
	uint8_t *icmp;

	frame_link(frame, tags, POISE_ETHERTYPE_IPV4);
	frame_ipv4(frame, &spec, POISE_PROTOCOL_ICMP, 8u + data);
	icmp = frame->bytes + frame->l4;
	icmp[0] = POISE_ICMP_ECHO;
	for (uint32_t i = 4; i < 8u + data; i++)
		icmp[i] = (uint8_t)(i * 31);
	frame_checksum(frame->bytes + frame->l3);
}

static enum poise_verdict answer_echo(const struct world *world, struct frame *frame)
{
	uint8_t *copy = check_copy(frame->bytes, frame->length);
	enum poise_verdict verdict;
	struct poise_packet packet;

	verdict = poise_parse(copy, copy + frame->length, frame->length, &packet);
	if (verdict == POISE_FORWARDED && packet.kind == POISE_PACKET_ICMP_ECHO)
		verdict = poise_reply_echo(world->snapshot, copy, copy + frame->length, &packet, own_mac);
	memcpy(frame->bytes, copy, frame->length);
	free(copy);
	return verdict;
}

static void echo(void)
{
	struct world world;
	struct frame frame, before;
	unsigned int bad = 0;

	world_init(&world, 1, POISE_NAT_DNAT, 100);
	for (uint16_t data = 0; data < 200; data++) {
		const uint8_t *ip, *icmp;

		echo_frame(&frame, (uint8_t)(data % 3), (uint8_t)(data % 11), WORLD_VIP, data);
		before = frame;
		bad += answer_echo(&world, &frame) != POISE_ECHO_ANSWERED;
		ip = frame.bytes + frame.l3;
		icmp = frame.bytes + frame.l4;
		bad += !frame_valid(ip) || icmp[0] != POISE_ICMP_ECHO_REPLY || ip[8] != 64;
		bad += memcmp(ip + 12, before.bytes + before.l3 + 16, 4) != 0;
		bad += memcmp(ip + 16, before.bytes + before.l3 + 12, 4) != 0;
		bad += memcmp(icmp + 4, before.bytes + before.l4 + 4, 4u + data) != 0;
		bad += memcmp(frame.bytes, peer_mac, 6) != 0 || memcmp(frame.bytes + 6, own_mac, 6) != 0;
	}
	CU_ASSERT_EQUAL(bad, 0);
	echo_frame(&frame, 0, 0, WORLD_VIP + 1, 56);
	before = frame;
	CU_ASSERT_EQUAL(answer_echo(&world, &frame), POISE_NOT_TCP);
	CU_ASSERT_EQUAL(memcmp(&frame, &before, sizeof(frame)), 0);
	world_fini(&world);
}

static void time_exceeded(void)
{
	struct frame_spec spec = {.src = WORLD_CLIENT,
				  .dst = WORLD_VIP,
				  .src_port = 1,
				  .dst_port = 443,
				  .flags = POISE_TCP_SYN,
				  .ttl = 1,
				  .payload = 100};
	unsigned int bad = 0;

	for (uint8_t options = 0; options <= 10; options++) {
		struct frame frame;
		uint32_t quote = 20 + options * 4u + 8, length;
		uint8_t *out = check_memory(POISE_TIME_EXCEEDED_HEADER + quote), *offending;

		spec.ip_options = options;
		frame_tcp(&frame, &spec);
		offending = check_copy(frame.bytes + frame.l3, quote);
		length = poise_build_time_exceeded(out, offending, quote, POISE_BE32(WORLD_VIP));
		bad += length != POISE_TIME_EXCEEDED_HEADER + quote || frame_get16(out + 2) != length;
		bad += !frame_valid(out) || out[0] != 0x45 || out[8] != 64 || out[9] != POISE_PROTOCOL_ICMP;
		bad += out[20] != POISE_ICMP_TIME_EXCEEDED || out[21] != 0;
		bad += memcmp(out + 16, offending + 12, 4) != 0 || memcmp(out + 28, offending, quote) != 0;
		bad += memcmp(out + 12, offending + 16, 4) != 0;
		free(out);
		free(offending);
	}
	CU_ASSERT_EQUAL(bad, 0);
	CU_ASSERT_EQUAL(POISE_TIME_EXCEEDED_QUOTE, 68);
}

static const struct check_case cases[] = {
	{"ARP", arp},
	{"ARP that is not ours", arp_not_ours},
	{"echo", echo},
	{"time exceeded", time_exceeded},
};

CHECK_MAIN("reply", cases)
