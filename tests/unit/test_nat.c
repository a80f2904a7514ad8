// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Translation against full recomputation of every checksum, and there and back again; SNAT ports: every one
// is used before the first refusal, none twice toward one backend.
#include <poise/quick.h>

#include "frame.h"
#include "world.h"

static struct poise_flow random_flow(uint64_t *state, int full)
{
	struct poise_flow flow = {0};
	uint64_t a = check_random(state), b = check_random(state), c = check_random(state);

	flow.client = (__be32)a;
	flow.vip = (__be32)(a >> 32);
	flow.backend = (__be32)b;
	flow.client_port = (__be16)(b >> 32);
	flow.vip_port = (__be16)(b >> 48);
	flow.backend_port = (__be16)c;
	flow.snat = full ? (__be32)(c >> 16) : flow.client;
	flow.snat_port = full ? (__be16)(c >> 48) : flow.client_port;
	if (!(c & 7)) // words that sum to zero and to its alias
		flow.client = flow.vip = 0xffffffffu;
	flow.flags = full ? POISE_FLOW_FULL_NAT : 0;
	poise_flow_differences(&flow);
	return flow;
}

// A TCP packet of the flow as its sender sends it.
static void packet_of(struct frame *frame, const struct poise_flow *flow, enum poise_direction direction,
		      uint64_t *state)
{
	struct poise_key key =
		poise_flow_translated(flow, direction == POISE_INWARD ? POISE_OUTWARD : POISE_INWARD);
	struct frame_spec spec = {
		.src = POISE_HOST32(key.dst),
		.dst = POISE_HOST32(key.src),
		.src_port = POISE_HOST16(key.dst_port),
		.dst_port = POISE_HOST16(key.src_port),
		.seq = (uint32_t)check_random(state),
		.ack = (uint32_t)check_random(state),
		.flags = POISE_TCP_ACK,
		.ttl = (uint8_t)(2 + check_random(state) % 254),
		.ip_options = (uint8_t)(check_random(state) % 11),
		.tcp_options = (uint8_t)(check_random(state) % 11),
		.payload = (uint16_t)(check_random(state) % 64),
	};

	frame_tcp(frame, &spec);
}

static void translate(struct frame *frame, const struct poise_flow *flow, enum poise_direction direction)
{
	poise_nat_tcp(flow, direction, (struct poise_ipv4 *)(frame->bytes + frame->l3),
		      (struct poise_tcp *)(frame->bytes + frame->l4));
}

static int has_key(const struct frame *frame, const struct poise_key *key)
{
	const struct poise_ipv4 *ip = (const void *)(frame->bytes + frame->l3);
	const struct poise_tcp *tcp = (const void *)(frame->bytes + frame->l4);

	return ip->src == key->src && ip->dst == key->dst && tcp->src == key->src_port &&
	       tcp->dst == key->dst_port;
}

static void checksums_are_right(void)
{
	uint64_t state = 11;
	unsigned int bad = 0;

	for (unsigned int round = 0; round < 200000; round++) {
		enum poise_direction direction = (enum poise_direction)(round & 1);
		struct poise_flow flow = random_flow(&state, round & 2);
		struct poise_key key = poise_flow_translated(&flow, direction);
		struct frame frame, before;

		packet_of(&before, &flow, direction, &state);
		frame = before;
		translate(&frame, &flow, direction);
		bad += !frame_valid(frame.bytes + frame.l3) || !has_key(&frame, &key);
		bad += frame.bytes[frame.l3 + 8] != before.bytes[before.l3 + 8] - 1;
		// Nothing else moved: put the changed fields back and compare.
		memcpy(frame.bytes + frame.l3 + 8, before.bytes + before.l3 + 8, 12);
		memcpy(frame.bytes + frame.l4, before.bytes + before.l4, 4);
		memcpy(frame.bytes + frame.l4 + 16, before.bytes + before.l4 + 16, 2);
		bad += memcmp(frame.bytes, before.bytes, sizeof(frame.bytes)) != 0;
	}
	CU_ASSERT_EQUAL(bad, 0);
}

// Translate, turn the packet round by hand, translate back: the identity on everything but TTL.
static void there_and_back(void)
{
	uint64_t state = 12;
	unsigned int bad = 0;

	for (unsigned int round = 0; round < 100000; round++) {
		struct poise_flow flow = random_flow(&state, round & 1);
		struct frame frame, before;
		uint8_t *ip, *tcp, swap[4];

		packet_of(&before, &flow, POISE_INWARD, &state);
		frame = before;
		if (frame.bytes[frame.l3 + 8] < 3)
			continue;
		for (int turn = 0; turn < 2; turn++) {
			translate(&frame, &flow, turn ? POISE_OUTWARD : POISE_INWARD);
			ip = frame.bytes + frame.l3;
			tcp = frame.bytes + frame.l4;
			memcpy(swap, ip + 12, 4);
			memcpy(ip + 12, ip + 16, 4);
			memcpy(ip + 16, swap, 4);
			memcpy(swap, tcp, 2);
			memcpy(tcp, tcp + 2, 2);
			memcpy(tcp + 2, swap, 2);
		}
		bad += !frame_valid(frame.bytes + frame.l3);
		frame.bytes[frame.l3 + 8] += 2;
		frame_checksum(frame.bytes + frame.l3);
		bad += memcmp(frame.bytes, before.bytes, sizeof(frame.bytes)) != 0;
	}
	CU_ASSERT_EQUAL(bad, 0);
}

// C3: an arriving TCP checksum of 0xffff is a legal alias of 0 and must leave as one that verifies.
static void alias_in_a_packet(void)
{
	uint64_t state = 13;
	unsigned int tried = 0, bad = 0;

	for (unsigned int round = 0; round < 200000 && tried < 500; round++) {
		struct poise_flow flow = random_flow(&state, round & 1);
		struct frame frame;
		uint8_t *tcp;

		packet_of(&frame, &flow, POISE_INWARD, &state);
		tcp = frame.bytes + frame.l4;
		// Move the packet's sum to zero through the urgent pointer, then write the alias.
		frame_put16(tcp + 18, (uint16_t)frame_get16(tcp + 16));
		frame_checksum(frame.bytes + frame.l3);
		if (frame_get16(tcp + 16))
			continue;
		frame_put16(tcp + 16, 0xffff);
		tried++;
		bad += !frame_valid(frame.bytes + frame.l3);
		translate(&frame, &flow, POISE_INWARD);
		bad += !frame_valid(frame.bytes + frame.l3);
	}
	CU_ASSERT(tried >= 500);
	CU_ASSERT_EQUAL(bad, 0);
}

static void damage_is_kept(void)
{
	uint64_t state = 14;
	unsigned int bad = 0;

	for (unsigned int round = 0; round < 50000; round++) {
		struct poise_flow flow = random_flow(&state, round & 1);
		struct frame frame;

		packet_of(&frame, &flow, POISE_OUTWARD, &state);
		frame.bytes[frame.l4 + 4 + round % 8] ^= (uint8_t)(1u << round % 7);
		translate(&frame, &flow, POISE_OUTWARD);
		bad += frame_valid(frame.bytes + frame.l3);
	}
	CU_ASSERT_EQUAL(bad, 0);
}

// Every port of the range once for each backend, whichever client comes; then the first refusal. The ports of the
// caller's shards, `own` of the range, go before those of other workers.
static void whole_port_range(uint32_t first, uint32_t last, uint64_t shards, uint32_t own)
{
	uint8_t *seen[2] = {check_memory(65536), check_memory(65536)};
	uint32_t made = 0, refused = 0, twice = 0, outside = 0, borrowed = 0, early = 0, usable = last - first + 1;
	struct world world;
	__u32 number;

	world_init(&world, 2, POISE_NAT_FULL, 300000);
	world.snapshot->snat[0].first_port = (uint16_t)first;
	world.snapshot->snat[0].last_port = (uint16_t)last;
	for (uint32_t i = 0; refused < 4 && i < 2 * usable + 4; i++) {
		enum poise_verdict verdict = world_connect(&world, WORLD_CLIENT + i / 60000,
							   (uint16_t)(1 + i % 60000), shards, &number);
		struct poise_flow *flow = poise_record(&world.table, number ? number : 1);

		if (verdict != POISE_FORWARDED) {
			CU_ASSERT_EQUAL(verdict, POISE_SNAT_EXHAUSTED);
			refused++;
			continue;
		}
		CU_ASSERT_EQUAL_FATAL(refused, 0);
		made++;
		twice += seen[flow->backend_index][POISE_HOST16(flow->snat_port)]++;
		outside += POISE_HOST16(flow->snat_port) < first || POISE_HOST16(flow->snat_port) > last;
		if (!(shards >> (POISE_HOST16(flow->snat_port) & 63) & 1)) {
			borrowed++;
			early += made <= 2 * own;
		}
	}
	CU_ASSERT_EQUAL(made, 2 * usable);
	CU_ASSERT_EQUAL(refused, 4);
	CU_ASSERT_EQUAL(twice, 0);
	CU_ASSERT_EQUAL(outside, 0);
	CU_ASSERT_EQUAL(borrowed, 2 * (usable - own));
	CU_ASSERT_EQUAL(early, 0);
	world_fini(&world);
	free(seen[0]);
	free(seen[1]);
}

static void snat_ports(void)
{
	whole_port_range(1024, 2047, ~0ull, 1024);
	whole_port_range(2000, 2000, ~0ull, 1);	   // a single port
	whole_port_range(1000, 1099, ~0ull, 100);  // not a multiple of the shards
	whole_port_range(65500, 65535, ~0ull, 36); // the end of the number space
	whole_port_range(1, 640, 0xffull, 80);	   // a worker with 8 of 64 shards
	whole_port_range(1000, 1099, 1ull << 40, 2); // one with a single shard
	whole_port_range(3, 3, 1, 0);		     // none of the ports is its own
	whole_port_range(1, 65535, ~0ull, 65535);
}

// A freed port is used again; with a second address the range doubles.
static void snat_recovers(void)
{
	struct world world;
	__u32 number, last = 0;

	world_init(&world, 1, POISE_NAT_FULL, 10000);
	world.snapshot->snat[0].first_port = 5000;
	world.snapshot->snat[0].last_port = 5063;
	for (uint16_t i = 0; i < 64; i++, last = number)
		CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, (uint16_t)(1 + i), ~0ull, &number),
				POISE_FORWARDED);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 900, ~0ull, &number), POISE_SNAT_EXHAUSTED);
	poise_flow_remove(&world.table, poise_record(&world.table, last), last);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 900, ~0ull, &number), POISE_FORWARDED);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 901, ~0ull, &number), POISE_SNAT_EXHAUSTED);
	world.snapshot->snat[1] = world.snapshot->snat[0];
	world.snapshot->snat[1].address = POISE_BE32(WORLD_SNAT + 1);
	world.snapshot->snat_count = 2;
	world.snapshot->ports[1].snat_count = 2;
	for (uint16_t i = 0; i < 64; i++) {
		CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, (uint16_t)(1000 + i), ~0ull, &number),
				POISE_FORWARDED);
		CU_ASSERT_EQUAL(poise_record(&world.table, number)->snat, POISE_BE32(WORLD_SNAT + 1));
	}
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 2000, ~0ull, &number), POISE_SNAT_EXHAUSTED);
	world_fini(&world);
}

// An exhausted range is refused within the tries that the caller allows.
static void snat_tries_are_bounded(void)
{
	static const __u8 mac[6];
	struct world world;
	struct poise_packet packet = {.kind = POISE_PACKET_TCP, .tcp_flags = POISE_TCP_SYN};
	struct poise_create create = {
		.packet = &packet, .source_mac = mac, .shards = ~0ull, .snat_tries = 32};
	struct poise_place place;
	__u32 number;

	world_init(&world, 1, POISE_NAT_FULL, 100000);
	for (uint32_t i = 0; i < 31744; i++)
		CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, (uint16_t)(1 + i), ~0ull, &number),
				POISE_FORWARDED);
	create.snapshot = world.snapshot;
	packet.key = (struct poise_key){POISE_BE32(WORLD_CLIENT), POISE_BE32(WORLD_VIP), POISE_BE16(60000),
					POISE_BE16(WORLD_VIP_PORT)};
	place = poise_place_client(&world.table, packet.key.src, packet.key.src_port);
	CU_ASSERT_EQUAL(poise_flow_create(&world.table, &create, &place, &number), POISE_SNAT_EXHAUSTED);
	CU_ASSERT(create.snat_probes <= 64);
	world_fini(&world);
}

// The way without branches names the same link addresses and the same port.
static int link_plain_agrees(const struct world *world, const struct poise_flow *flow, enum poise_direction direction)
{
	struct poise_plain plain = {.eth.type = 1}, general = {.eth.type = 1};
	__u16 port = 77, general_port = 77;
	int known = poise_flow_link(world->snapshot, flow, direction, (__u8 *)&general, &general_port);

	return poise_flow_link_plain(world->snapshot, flow, direction, &plain, &port) == known &&
	       port == general_port && !memcmp(&plain, &general, sizeof(plain));
}

// With few tries among its own ports a worker borrows, but does not refuse while one of its own is free.
static void short_search_ends_long(void)
{
	static const __u8 mac[6];
	struct poise_packet packet = {.kind = POISE_PACKET_TCP, .tcp_flags = POISE_TCP_SYN};
	struct poise_create create = {.packet = &packet, .source_mac = mac, .shards = 1ull << 5, .snat_own_tries = 2};
	struct poise_place place;
	struct world world;
	__u32 number, kept = 0;

	world_init(&world, 1, POISE_NAT_FULL, 100000);
	world.snapshot->snat[0].first_port = 1024;
	world.snapshot->snat[0].last_port = 1024 + 640 - 1;
	for (uint32_t i = 0; i < 640; i++) {
		CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, (uint16_t)(1 + i), ~0ull, &number),
				POISE_FORWARDED);
		if (poise_record(&world.table, number)->snat_port == POISE_BE16(1024 + 5 + 64 * 9))
			kept = number;
	}
	CU_ASSERT_FATAL(kept);
	poise_flow_remove(&world.table, poise_record(&world.table, kept), kept);
	poise_shard(&world.table, 5)->port_hint = 0; // the free one is the last of ten
	create.snapshot = world.snapshot;
	packet.key = (struct poise_key){POISE_BE32(WORLD_CLIENT), POISE_BE32(WORLD_VIP), POISE_BE16(60000),
					POISE_BE16(WORLD_VIP_PORT)};
	place = poise_place_client(&world.table, packet.key.src, packet.key.src_port);
	CU_ASSERT_EQUAL(poise_flow_create(&world.table, &create, &place, &number), POISE_FORWARDED);
	CU_ASSERT(!create.snat_borrowed && create.snat_probes > 630);
	world_fini(&world);
}

static void egress(void)
{
	struct world world;
	struct poise_flow *flow;
	__u8 link[12];
	__u32 number;
	__u16 port;

	world_init(&world, 2, POISE_NAT_DNAT, 100);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 1, ~0ull, &number), POISE_FORWARDED);
	flow = poise_record(&world.table, number);
	CU_ASSERT(poise_flow_link(world.snapshot, flow, POISE_INWARD, link, &port));
	CU_ASSERT_EQUAL(port, 1);
	CU_ASSERT_EQUAL(link[5], flow->backend_index);
	// No route to the client: back to the link address that the SYN came from.
	CU_ASSERT_EQUAL(flow->client_egress, POISE_NONE16);
	CU_ASSERT(poise_flow_link(world.snapshot, flow, POISE_OUTWARD, link, &port));
	CU_ASSERT_EQUAL(port, 0);
	CU_ASSERT_EQUAL(memcmp(link, flow->client_mac, 6), 0);
	CU_ASSERT_EQUAL(memcmp(link + 6, world.snapshot->ports[0].mac, 6), 0);
	CU_ASSERT(link_plain_agrees(&world, flow, POISE_INWARD));
	CU_ASSERT(link_plain_agrees(&world, flow, POISE_OUTWARD));
	flow->client_egress = 1;
	CU_ASSERT(link_plain_agrees(&world, flow, POISE_OUTWARD));
	world.snapshot->egress[1].flags = 0;
	CU_ASSERT(!poise_flow_link(world.snapshot, flow, POISE_INWARD, link, &port));
	CU_ASSERT(link_plain_agrees(&world, flow, POISE_INWARD));
	CU_ASSERT(link_plain_agrees(&world, flow, POISE_OUTWARD));
	world_fini(&world);
}

static const struct check_case cases[] = {
	{"checksums equal recomputation", checksums_are_right},
	{"there and back", there_and_back},
	{"0xffff in a packet", alias_in_a_packet},
	{"a damaged checksum stays damaged", damage_is_kept},
	{"the whole SNAT port range", snat_ports},
	{"a short search ends long", short_search_ends_long},
	{"SNAT recovers", snat_recovers},
	{"SNAT tries are bounded", snat_tries_are_bounded},
	{"egress", egress},
};

CHECK_MAIN("nat", cases)
