// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// One packet's whole way through the headers: classify, find, decide, account, rewrite.
#include <poise/quick.h>

#include "frame.h"
#include "world.h"

struct outcome {
	enum poise_verdict verdict;
	enum poise_verdict event; // of poise_account()
	__u32 number;		  // the flow, 0 none
	uint16_t port;
};

// For a plain packet the short way finds the same place.
static void locate_agrees(const struct world *world, const struct frame *frame, const struct poise_step *step)
{
	const struct poise_plain *plain = (const void *)frame->bytes;
	struct poise_place place;

	if (!poise_quick_form(plain, frame->length, frame->length))
		return;
	CU_ASSERT_EQUAL(poise_locate_plain(world->snapshot, &world->table, plain, &place), step->direction);
	CU_ASSERT_EQUAL(place.shard, step->place.shard);
	CU_ASSERT_EQUAL(place.home, step->place.home);
	CU_ASSERT_EQUAL(place.signature, step->place.signature);
}

// The steps in the order that both data paths take them.
static struct outcome run(struct world *world, struct frame *frame, uint32_t now_ms)
{
	static const __u8 mac[6] = {2, 0, 0, 0, 3, 1};
	struct outcome outcome = {.event = POISE_FORWARDED};
	struct poise_step step;
	struct poise_flow *flow;

	outcome.verdict =
		poise_parse(frame->bytes, frame->bytes + frame->length, frame->length, &step.packet);
	if (outcome.verdict == POISE_FORWARDED)
		outcome.verdict = poise_classify(world->snapshot, &world->table, &step);
	if (outcome.verdict != POISE_FORWARDED)
		return outcome;
	locate_agrees(world, frame, &step);
	outcome.number = poise_table_find(&world->table, &step.place, &step.packet.key,
					  (enum poise_direction)step.direction);
	if (outcome.number && step.direction == POISE_INWARD && step.packet.kind == POISE_PACKET_TCP &&
	    poise_tcp_event(step.packet.tcp_flags) == POISE_EVENT_SYN &&
	    poise_state_reusable((enum poise_flow_state)poise_record(&world->table, outcome.number)->state)) {
		poise_flow_remove(&world->table, poise_record(&world->table, outcome.number), outcome.number);
		outcome.number = 0;
	}
	if (!outcome.number) {
		struct poise_create create = {.snapshot = world->snapshot,
					      .packet = &step.packet,
					      .source_mac = mac,
					      .shards = ~0ull,
					      .now_ms = now_ms,
					      .vip_index = step.vip_index};

		outcome.verdict = poise_miss(world->snapshot, &step);
		if (outcome.verdict == POISE_FORWARDED)
			outcome.verdict =
				poise_flow_create(&world->table, &create, &step.place, &outcome.number);
		if (outcome.verdict != POISE_FORWARDED)
			return outcome;
	}
	flow = poise_record(&world->table, outcome.number);
	outcome.event = poise_account(&world->table, flow, &step, now_ms);
	outcome.verdict = poise_rewrite(world->snapshot, flow, &step, frame->bytes,
					frame->bytes + frame->length, &outcome.port);
	return outcome;
}

static struct outcome inward(struct world *world, uint16_t port, uint8_t flags, struct frame *frame)
{
	struct frame_spec spec = {.src = WORLD_CLIENT,
				  .dst = WORLD_VIP,
				  .src_port = port,
				  .dst_port = WORLD_VIP_PORT,
				  .flags = flags,
				  .payload = 5};

	frame_tcp(frame, &spec);
	return run(world, frame, 1000);
}

// What the backend answers to a packet of the flow.
static struct outcome outward(struct world *world, __u32 number, uint8_t flags, struct frame *frame)
{
	const struct poise_flow *flow = poise_record(&world->table, number);
	struct frame_spec spec = {.src = POISE_HOST32(flow->backend),
				  .dst = POISE_HOST32(flow->snat),
				  .src_port = POISE_HOST16(flow->backend_port),
				  .dst_port = POISE_HOST16(flow->snat_port),
				  .flags = flags,
				  .payload = 9};

	frame_tcp(frame, &spec);
	return run(world, frame, 2000);
}

static uint32_t address(const struct frame *frame, unsigned int offset)
{
	const uint8_t *at = frame->bytes + frame->l3 + offset;

	return frame_get16(at) << 16 | frame_get16(at + 2);
}

static void conversation(enum poise_nat nat)
{
	struct outcome first, next;
	struct world world;
	struct frame frame;

	world_init(&world, 2, nat, 100);
	first = inward(&world, 5000, POISE_TCP_SYN, &frame);
	CU_ASSERT_EQUAL(first.verdict, POISE_FORWARDED);
	CU_ASSERT_EQUAL(first.port, 1);
	CU_ASSERT(frame_valid(frame.bytes + frame.l3));
	CU_ASSERT_EQUAL(address(&frame, 12), nat == POISE_NAT_FULL ? WORLD_SNAT : WORLD_CLIENT);
	CU_ASSERT_EQUAL(address(&frame, 16), WORLD_BACKEND);
	CU_ASSERT_EQUAL(frame.bytes[frame.l3 + 8], 63);
	CU_ASSERT_EQUAL(memcmp(frame.bytes, world.snapshot->egress[1].dst_mac, 12), 0);

	next = inward(&world, 5000, POISE_TCP_SYN, &frame); // S1: repeated
	CU_ASSERT_EQUAL(next.number, first.number);
	next = outward(&world, first.number, POISE_TCP_SYN | POISE_TCP_ACK, &frame);
	CU_ASSERT_EQUAL(next.verdict, POISE_FORWARDED);
	CU_ASSERT_EQUAL(next.number, first.number);
	CU_ASSERT_EQUAL(next.port, 0);
	CU_ASSERT(frame_valid(frame.bytes + frame.l3));
	CU_ASSERT_EQUAL(address(&frame, 12), WORLD_VIP);
	CU_ASSERT_EQUAL(address(&frame, 16), WORLD_CLIENT);
	next = inward(&world, 5000, POISE_TCP_ACK, &frame);
	CU_ASSERT_EQUAL(next.number, first.number);
	CU_ASSERT_EQUAL(poise_record(&world.table, first.number)->state, POISE_STATE_ESTABLISHED);
	CU_ASSERT_EQUAL(poise_shard(&world.table, poise_record(&world.table, first.number)->shard)->half_open,
			0);
	CU_ASSERT_EQUAL(poise_cursor(&world.table, 0)->next, 1);
	world_fini(&world);
}

static void conversation_dnat(void)
{
	conversation(POISE_NAT_DNAT);
}

static void conversation_full(void)
{
	conversation(POISE_NAT_FULL);
}

// S8: only a SYN toward a service makes a flow.
static void misses(void)
{
	static const uint8_t not_syn[] = {POISE_TCP_ACK, POISE_TCP_ACK | POISE_TCP_FIN, POISE_TCP_RST,
					  POISE_TCP_RST | POISE_TCP_ACK, POISE_TCP_SYN | POISE_TCP_ACK};
	struct frame_spec spec = {
		.src = WORLD_CLIENT, .dst = WORLD_VIP, .src_port = 9, .dst_port = 80, .flags = POISE_TCP_SYN};
	struct world world;
	struct frame frame;

	world_init(&world, 1, POISE_NAT_DNAT, 100);
	for (size_t i = 0; i < POISE_COUNT(not_syn); i++)
		CU_ASSERT_EQUAL(inward(&world, 5000, not_syn[i], &frame).verdict, POISE_NO_FLOW);
	frame_tcp(&frame, &spec);
	CU_ASSERT_EQUAL(run(&world, &frame, 0).verdict, POISE_NO_SERVICE);
	spec.dst = WORLD_VIP + 1;
	frame_tcp(&frame, &spec);
	CU_ASSERT_EQUAL(run(&world, &frame, 0).verdict, POISE_NOT_OURS);
	spec.src = WORLD_BACKEND; // a backend that opens a connection of its own
	spec.dst = WORLD_CLIENT;
	frame_tcp(&frame, &spec);
	CU_ASSERT_EQUAL(run(&world, &frame, 0).verdict, POISE_NOT_OURS);
	spec.dst = WORLD_SNAT;
	frame_tcp(&frame, &spec);
	CU_ASSERT_EQUAL(run(&world, &frame, 0).verdict, POISE_NOT_OURS);
	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		CU_ASSERT_EQUAL(poise_shard(&world.table, shard)->used, 0);
	world_fini(&world);
}

// S10: a SYN on a closed connection is a new flow at once, by the ordinary turn.
static void closed_flow_is_rescheduled(void)
{
	struct outcome first, second;
	struct world world;
	struct frame frame;

	world_init(&world, 2, POISE_NAT_DNAT, 100);
	first = inward(&world, 5000, POISE_TCP_SYN, &frame);
	outward(&world, first.number, POISE_TCP_SYN | POISE_TCP_ACK, &frame);
	inward(&world, 5000, POISE_TCP_ACK, &frame);
	inward(&world, 5000, POISE_TCP_FIN | POISE_TCP_ACK, &frame);
	second = inward(&world, 5000, POISE_TCP_SYN, &frame);
	CU_ASSERT_EQUAL(second.number, first.number); // half closed: still the old one
	CU_ASSERT_EQUAL(address(&frame, 16), WORLD_BACKEND);
	outward(&world, first.number, POISE_TCP_FIN | POISE_TCP_ACK, &frame);
	second = inward(&world, 5000, POISE_TCP_SYN, &frame);
	CU_ASSERT_EQUAL(second.verdict, POISE_FORWARDED);
	CU_ASSERT_EQUAL(address(&frame, 16), WORLD_BACKEND + 1);
	CU_ASSERT_EQUAL(poise_record(&world.table, second.number)->state, POISE_STATE_SYN_SENT);
	CU_ASSERT_EQUAL(poise_cursor(&world.table, 0)->next, 2);
	world_fini(&world);
}

// H4: a packet with TTL 1 is not sent on, with TTL 2 it leaves with 1.
static void time_to_live(void)
{
	struct world world;
	struct frame frame, before;

	world_init(&world, 1, POISE_NAT_DNAT, 100);
	for (uint8_t ttl = 3; ttl; ttl--) {
		struct frame_spec spec = {.src = WORLD_CLIENT,
					  .dst = WORLD_VIP,
					  .src_port = 9,
					  .dst_port = WORLD_VIP_PORT,
					  .flags = POISE_TCP_SYN,
					  .ttl = ttl};

		frame_tcp(&frame, &spec);
		before = frame;
		CU_ASSERT_EQUAL(run(&world, &frame, 0).verdict,
				ttl > 1 ? POISE_FORWARDED : POISE_TTL_EXPIRED);
		CU_ASSERT(ttl > 1 ? frame.bytes[frame.l3 + 8] == ttl - 1
				  : !memcmp(&frame, &before, sizeof(frame)));
	}
	frame.bytes[frame.l3 + 8] = 0;
	frame_checksum(frame.bytes + frame.l3);
	CU_ASSERT_EQUAL(run(&world, &frame, 0).verdict, POISE_TTL_EXPIRED);
	world_fini(&world);
}

static void no_next_hop(void)
{
	struct world world;
	struct frame frame;

	world_init(&world, 1, POISE_NAT_DNAT, 100);
	world.snapshot->egress[1].flags = 0;
	CU_ASSERT_EQUAL(inward(&world, 5000, POISE_TCP_SYN, &frame).verdict, POISE_NO_NEXT_HOP);
	world_fini(&world);
}

// Tags stay on the frame as they came; only the addresses of the link change.
static void tags_are_kept(void)
{
	struct world world;

	world_init(&world, 1, POISE_NAT_DNAT, 100);
	for (uint8_t tags = 0; tags <= 2; tags++) {
		struct frame_spec spec = {.src = WORLD_CLIENT,
					  .dst = WORLD_VIP,
					  .src_port = 9,
					  .dst_port = WORLD_VIP_PORT,
					  .flags = POISE_TCP_SYN,
					  .tags = tags};
		struct frame frame, before;

		frame_tcp(&frame, &spec);
		before = frame;
		CU_ASSERT_EQUAL(run(&world, &frame, 0).verdict, POISE_FORWARDED);
		CU_ASSERT_EQUAL(memcmp(frame.bytes + 12, before.bytes + 12, frame.l3 - 12u), 0);
		CU_ASSERT(frame_valid(frame.bytes + frame.l3));
	}
	world_fini(&world);
}

// S9: garbage with the flow's own addresses changes nothing in its record.
static void garbage_changes_nothing(void)
{
	struct outcome first;
	struct poise_flow before, *flow;
	struct world world;
	struct frame frame;

	world_init(&world, 1, POISE_NAT_DNAT, 100);
	first = inward(&world, 5000, POISE_TCP_SYN, &frame);
	outward(&world, first.number, POISE_TCP_SYN | POISE_TCP_ACK, &frame);
	inward(&world, 5000, POISE_TCP_ACK, &frame);
	flow = poise_record(&world.table, first.number);
	before = *flow;
	for (uint32_t flags = 0; flags < 64; flags++) {
		if (!poise_tcp_flags_invalid((__u8)flags))
			continue;
		CU_ASSERT_EQUAL(inward(&world, 5000, (uint8_t)flags, &frame).verdict, POISE_TCP_FLAGS);
		CU_ASSERT_EQUAL(outward(&world, first.number, (uint8_t)flags, &frame).verdict,
				POISE_TCP_FLAGS);
		CU_ASSERT_EQUAL(memcmp(&before, flow, sizeof(before)), 0);
	}
	world_fini(&world);
}

static const struct check_case cases[] = {
	{"conversation, DNAT", conversation_dnat},
	{"conversation, full NAT", conversation_full},
	{"misses", misses},
	{"a closed flow is rescheduled", closed_flow_is_rescheduled},
	{"time to live", time_to_live},
	{"no next hop", no_next_hop},
	{"tags are kept", tags_are_kept},
	{"garbage changes nothing", garbage_changes_nothing},
};

CHECK_MAIN("path", cases)
