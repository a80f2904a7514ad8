// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The time from a SYN to its answer, and what is sent again.
#include <poise/handshake.h>

#include "check.h"

static struct poise_stats_backend stats;

static void begin(struct poise_flow *flow, __u32 now_us)
{
	memset(flow, 0, sizeof(*flow));
	memset(&stats, 0, sizeof(stats));
	flow->state = POISE_STATE_SYN_SENT;
	poise_handshake_begin(flow, now_us);
}

static void an_answer_is_timed(void)
{
	struct poise_flow flow;

	begin(&flow, 1000);
	poise_handshake_note(&flow, POISE_OUTWARD, POISE_TCP_SYN | POISE_TCP_ACK, 1250, &stats);
	CU_ASSERT_EQUAL(stats.latency_us, 250);
	CU_ASSERT_EQUAL(stats.latency[3], 1); // 128 to 255
	begin(&flow, 0xffffff00);
	poise_handshake_note(&flow, POISE_OUTWARD, POISE_TCP_SYN | POISE_TCP_ACK, 0x100, &stats); // the clock wraps
	CU_ASSERT_EQUAL(stats.latency_us, 512);
}

static void what_cannot_be_timed_is_not(void)
{
	struct poise_flow flow;

	begin(&flow, 0); // made by a path that does not know the time
	poise_handshake_note(&flow, POISE_OUTWARD, POISE_TCP_SYN | POISE_TCP_ACK, 1250, &stats);
	begin(&flow, 1000);
	poise_handshake_note(&flow, POISE_OUTWARD, POISE_TCP_SYN | POISE_TCP_ACK, 0, &stats);
	poise_handshake_note(&flow, POISE_OUTWARD, POISE_TCP_SYN | POISE_TCP_ACK, 900, &stats); // before the SYN
	poise_handshake_note(&flow, POISE_OUTWARD, POISE_TCP_ACK, 1250, &stats);
	poise_handshake_note(&flow, POISE_INWARD, POISE_TCP_SYN | POISE_TCP_ACK, 1250, &stats);
	CU_ASSERT_EQUAL(stats.latency_us, 0);
	CU_ASSERT_EQUAL(stats.syn_repeated + stats.syn_ack_repeated, 0);
}

static void repetitions_are_counted(void)
{
	struct poise_flow flow;

	begin(&flow, 1000);
	poise_handshake_note(&flow, POISE_INWARD, POISE_TCP_SYN, 1100, &stats);
	CU_ASSERT_EQUAL(stats.syn_repeated, 1);
	flow.state = POISE_STATE_SYN_RECEIVED;
	poise_handshake_note(&flow, POISE_OUTWARD, POISE_TCP_SYN | POISE_TCP_ACK, 1250, &stats);
	CU_ASSERT_EQUAL(stats.syn_ack_repeated, 1);
	CU_ASSERT_EQUAL(stats.latency_us, 0);
	flow.state = POISE_STATE_CLOSING; // a new connection, not a repetition
	poise_handshake_note(&flow, POISE_INWARD, POISE_TCP_SYN, 1100, &stats);
	CU_ASSERT_EQUAL(stats.syn_repeated, 1);
}

static void refusals_are_counted(void)
{
	struct poise_flow flow;

	begin(&flow, 1000);
	poise_handshake_note(&flow, POISE_INWARD, POISE_TCP_RST, 1100, &stats); // the client gives up
	CU_ASSERT_EQUAL(stats.syn_refused, 0);
	poise_handshake_note(&flow, POISE_OUTWARD, POISE_TCP_RST | POISE_TCP_ACK, 1100, &stats);
	CU_ASSERT_EQUAL(stats.syn_refused, 1);
	flow.state = POISE_STATE_ESTABLISHED;
	poise_handshake_note(&flow, POISE_OUTWARD, POISE_TCP_RST | POISE_TCP_ACK, 1100, &stats);
	CU_ASSERT_EQUAL(stats.syn_refused, 1);
}

static void buckets_are_powers_of_two(void)
{
	CU_ASSERT_EQUAL(poise_latency_bucket(0), 0);
	CU_ASSERT_EQUAL(poise_latency_bucket(31), 0);
	CU_ASSERT_EQUAL(poise_latency_bucket(32), 1);
	CU_ASSERT_EQUAL(poise_latency_bucket(63), 1);
	CU_ASSERT_EQUAL(poise_latency_bucket((1u << 23) - 1), POISE_LATENCY_BUCKETS - 2);
	CU_ASSERT_EQUAL(poise_latency_bucket(1u << 23), POISE_LATENCY_BUCKETS - 1);
	CU_ASSERT_EQUAL(poise_latency_bucket(~0u), POISE_LATENCY_BUCKETS - 1);
}

static const struct check_case cases[] = {
	{"an answer is timed", an_answer_is_timed},
	{"what cannot be timed is not", what_cannot_be_timed_is_not},
	{"refusals are counted", refusals_are_counted},
	{"repetitions are counted", repetitions_are_counted},
	{"buckets are powers of two", buckets_are_powers_of_two},
};

CHECK_MAIN("handshake", cases)
