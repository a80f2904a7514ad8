// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A worker without traffic: polls for ever, or sleeps a little longer each time until there is some.
#include "check.h"
#include "idle.h"

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void polls_for_ever(void)
{
	struct dp_idle idle = { .adaptive = false };

	dp_idle_begin(&idle);
	for (uint32_t i = 0; i < 3 * DP_IDLE_POLLS; i++)
		CU_ASSERT_FALSE(dp_idle_turn(&idle, 0));
}

static void sleeps_longer_and_longer(void)
{
	struct dp_idle idle = { .adaptive = true };
	uint32_t wanted = DP_IDLE_FIRST_NS;

	dp_idle_begin(&idle);
	CU_ASSERT_EQUAL(prctl(PR_GET_TIMERSLACK, 0ul, 0ul, 0ul, 0ul), 1);
	for (uint32_t i = 1; i < DP_IDLE_POLLS; i++)
		CU_ASSERT_FALSE(dp_idle_turn(&idle, 0));
	for (int i = 0; i < 12; i++) {
		uint64_t before = now_ns();

		CU_ASSERT_EQUAL(idle.sleep_ns, wanted);
		CU_ASSERT_TRUE(dp_idle_turn(&idle, 0));
		CU_ASSERT(now_ns() - before >= wanted);
		wanted = wanted * 2 < DP_IDLE_LONGEST_NS ? wanted * 2 : DP_IDLE_LONGEST_NS;
	}
	CU_ASSERT_EQUAL(idle.sleep_ns, DP_IDLE_LONGEST_NS);
}

static void traffic_wakes(void)
{
	struct dp_idle idle = { .adaptive = true };

	dp_idle_begin(&idle);
	for (uint32_t i = 0; i < DP_IDLE_POLLS + 5; i++)
		dp_idle_turn(&idle, 0);
	CU_ASSERT_FALSE(dp_idle_turn(&idle, 1));
	CU_ASSERT_EQUAL(idle.sleep_ns, DP_IDLE_FIRST_NS);
	for (uint32_t i = 1; i < DP_IDLE_POLLS; i++)
		CU_ASSERT_FALSE(dp_idle_turn(&idle, 0)); // as many empty turns as ever before the next sleep
	CU_ASSERT_TRUE(dp_idle_turn(&idle, 0));
}

static void never_overflows(void)
{
	struct dp_idle idle = { .adaptive = true, .empty = UINT32_MAX - 1, .sleep_ns = 1 };

	CU_ASSERT_TRUE(dp_idle_turn(&idle, 0));
	CU_ASSERT_EQUAL(idle.empty, DP_IDLE_POLLS); // counting stops there, it does not wrap after days
}

static const struct check_case cases[] = {
	{ "polls for ever", polls_for_ever },
	{ "sleeps longer and longer", sleeps_longer_and_longer },
	{ "traffic wakes", traffic_wakes },
	{ "never overflows", never_overflows },
};

CHECK_MAIN("idle", cases)
