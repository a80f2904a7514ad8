// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What becomes of a packet, with and without a flow.
#include <poise/decide.h>

#include "check.h"
#include "world.h"

#define NOW_MS 50000u

struct case_of {
	struct world world;
	struct poise_flow *flow;
	struct poise_step step;
	enum poise_verdict event;
};

static void begin(struct case_of *one, enum poise_flow_state state)
{
	memset(one, 0, sizeof(*one));
	world_init(&one->world, 1, POISE_NAT_DNAT, 100);
	one->flow = poise_record(&one->world.table, 1);
	one->flow->sequence = 2;
	one->flow->state = (__u8)state;
	one->flow->last_seen_ms = 1000;
	one->step.packet.kind = POISE_PACKET_TCP;
	one->step.packet.ttl = 64;
	one->step.packet.ack = POISE_BE32(7);
}

static enum poise_verdict decide(struct case_of *one, __u8 flags, enum poise_direction direction)
{
	one->step.packet.tcp_flags = flags;
	one->step.direction = (__u8)direction;
	return poise_decide(one->world.snapshot, &one->world.table, one->flow, &one->step, NOW_MS, &one->event);
}

static void data_goes_on(void)
{
	struct case_of one;

	begin(&one, POISE_STATE_ESTABLISHED);
	CU_ASSERT_EQUAL(decide(&one, POISE_TCP_ACK, POISE_OUTWARD), POISE_FORWARDED);
	CU_ASSERT_EQUAL(one.event, POISE_FORWARDED);
	CU_ASSERT_EQUAL(one.flow->last_seen_ms, NOW_MS);
	one.flow->ack[POISE_OUTWARD] = 100;
	one.step.packet.seq = POISE_BE32(0x70000000);
	CU_ASSERT_EQUAL(decide(&one, POISE_TCP_RST, POISE_INWARD), POISE_FORWARDED);
	CU_ASSERT_EQUAL(one.event, POISE_RST_OUT_OF_WINDOW);
	CU_ASSERT_EQUAL(one.flow->state, POISE_STATE_ESTABLISHED);
	world_fini(&one.world);
}

static void what_ends_here_is_no_sign_of_life(void)
{
	struct case_of one;

	begin(&one, POISE_STATE_CLOSING);
	one.step.packet.ttl = 1;
	CU_ASSERT_EQUAL(decide(&one, POISE_TCP_SYN, POISE_INWARD), POISE_TTL_EXPIRED);
	CU_ASSERT_EQUAL(decide(&one, POISE_TCP_ACK, POISE_OUTWARD), POISE_TTL_EXPIRED);
	CU_ASSERT_EQUAL(one.event, POISE_FORWARDED);
	CU_ASSERT_EQUAL(one.flow->last_seen_ms, 1000);
	CU_ASSERT_EQUAL(poise_decide_notes(&one.step), 0);
	world_fini(&one.world);
}

static void a_client_starts_anew_on_what_closes(void)
{
	static const enum poise_flow_state open[] = {POISE_STATE_SYN_SENT, POISE_STATE_SYN_RECEIVED,
						     POISE_STATE_ESTABLISHED, POISE_STATE_FIN_CLIENT};
	struct case_of one;

	for (size_t i = 0; i < POISE_COUNT(open); i++) {
		begin(&one, open[i]);
		CU_ASSERT_EQUAL(decide(&one, POISE_TCP_SYN, POISE_INWARD), POISE_FORWARDED);
		CU_ASSERT_EQUAL(one.event, POISE_SYN_REPEATED);
		CU_ASSERT_EQUAL(one.flow->state, open[i]);
		CU_ASSERT_EQUAL(one.flow->last_seen_ms, NOW_MS);
		CU_ASSERT(poise_decide_notes(&one.step));
		world_fini(&one.world);
	}
	begin(&one, POISE_STATE_CLOSING);
	CU_ASSERT_EQUAL(decide(&one, POISE_TCP_SYN, POISE_INWARD), POISE_FLOW_RESCHEDULED);
	CU_ASSERT_EQUAL(one.flow->last_seen_ms, 1000);
	CU_ASSERT_EQUAL(decide(&one, POISE_TCP_SYN, POISE_OUTWARD), POISE_FORWARDED); // the backend starts nothing
	CU_ASSERT_EQUAL(one.event, POISE_FORWARDED);
	world_fini(&one.world);
}

static void flows_of_a_backend_that_goes_are_reset(void)
{
	struct case_of one;

	begin(&one, POISE_STATE_ESTABLISHED);
	one.world.snapshot->backends[0].flags = POISE_BACKEND_RESETTING;
	CU_ASSERT_EQUAL(decide(&one, POISE_TCP_SYN, POISE_INWARD), POISE_FLOW_RESCHEDULED);
	CU_ASSERT_EQUAL(one.flow->state, POISE_STATE_ESTABLISHED);
	CU_ASSERT_EQUAL(decide(&one, POISE_TCP_ACK, POISE_INWARD), POISE_FLOW_RESET);
	CU_ASSERT_EQUAL(one.flow->state, POISE_STATE_RESET);
	CU_ASSERT_EQUAL(decide(&one, POISE_TCP_ACK, POISE_OUTWARD), POISE_FLOW_RESET); // late ones too
	CU_ASSERT_EQUAL(decide(&one, POISE_TCP_RST, POISE_OUTWARD), POISE_FORWARDED);
	one.step.packet.kind = POISE_PACKET_ICMP_ERROR;
	CU_ASSERT_EQUAL(decide(&one, POISE_TCP_ACK, POISE_INWARD), POISE_FORWARDED);
	world_fini(&one.world);
}

static void without_a_flow_a_syn_makes_one(void)
{
	struct case_of one;

	begin(&one, POISE_STATE_FREE);
	one.step.packet.tcp_flags = POISE_TCP_SYN;
	CU_ASSERT_EQUAL(poise_decide_without(one.world.snapshot, &one.step), POISE_FORWARDED);
	one.step.packet.ttl = 1;
	CU_ASSERT_EQUAL(poise_decide_without(one.world.snapshot, &one.step), POISE_TTL_EXPIRED);
	one.step.packet.tcp_flags = POISE_TCP_ACK;
	CU_ASSERT_EQUAL(poise_decide_without(one.world.snapshot, &one.step), POISE_NO_FLOW);
	one.step.packet.kind = POISE_PACKET_ICMP_ERROR;
	CU_ASSERT_EQUAL(poise_decide_without(one.world.snapshot, &one.step), POISE_ICMP_NO_FLOW);
	world_fini(&one.world);
}

static const struct check_case cases[] = {
	{"data goes on", data_goes_on},
	{"what ends here is no sign of life", what_ends_here_is_no_sign_of_life},
	{"a client starts anew on what closes", a_client_starts_anew_on_what_closes},
	{"flows of a backend that goes are reset", flows_of_a_backend_that_goes_are_reset},
	{"without a flow a SYN makes one", without_a_flow_a_syn_makes_one},
};
CHECK_MAIN("decide", cases)
