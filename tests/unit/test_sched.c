// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <errno.h>

#include "check.h"
#include "sched/sched.h"

// The slots of so many backends.
static int fill_slots(enum poise_scheduler scheduler, const struct cp_sched_backend *backends, uint32_t count,
		      uint16_t *slots, uint32_t room)
{
	const struct cp_sched_service service = { .backends = backends, .count = count, .configured = count };

	return cp_sched_fill(scheduler, &service, slots, room);
}

static const struct cp_sched_backend three[] = {
	{ .index = 7, .weight = 5 }, { .index = 3, .weight = 1 }, { .index = 9, .weight = 1 } };

static void round_robin_in_order(void)
{
	uint16_t slots[4] = { 0, 0, 0, 0xbeef };

	CU_ASSERT_EQUAL(fill_slots(POISE_SCHEDULER_RR, three, 3, slots, 3), 3);
	CU_ASSERT_EQUAL(slots[0], 7);
	CU_ASSERT_EQUAL(slots[1], 3);
	CU_ASSERT_EQUAL(slots[2], 9);
	CU_ASSERT_EQUAL(slots[3], 0xbeef);
	CU_ASSERT_EQUAL(fill_slots(POISE_SCHEDULER_RR, three, 3, slots, 2), -ENOSPC);
}

// The known order for 5, 1, 1: a a b a c a a.
static void weighted_is_smooth(void)
{
	static const uint16_t expected[] = { 7, 7, 3, 7, 9, 7, 7 };
	uint16_t slots[8] = {0};

	CU_ASSERT_EQUAL(fill_slots(POISE_SCHEDULER_WRR, three, 3, slots, 7), 7);
	CU_ASSERT_EQUAL(memcmp(slots, expected, sizeof(expected)), 0);
	CU_ASSERT_EQUAL(slots[7], 0);
	CU_ASSERT_EQUAL(fill_slots(POISE_SCHEDULER_WRR, three, 3, slots, 6), -ENOSPC);
}

static void weighted_divides_by_the_common_divisor(void)
{
	static const struct cp_sched_backend backends[] = { { .index = 0, .weight = 200 }, { .index = 1, .weight = 100 }, { .index = 2, .weight = 100 } };
	uint16_t slots[4];

	CU_ASSERT_EQUAL(fill_slots(POISE_SCHEDULER_WRR, backends, 3, slots, 4), 4);
	CU_ASSERT_EQUAL(slots[0], 0);
}

static void equal_weights_are_round_robin(void)
{
	static const struct cp_sched_backend backends[] = { { .index = 4, .weight = 9 }, { .index = 5, .weight = 9 }, { .index = 6, .weight = 9 } };
	uint16_t weighted[3], plain[3];

	CU_ASSERT_EQUAL(fill_slots(POISE_SCHEDULER_WRR, backends, 3, weighted, 3), 3);
	CU_ASSERT_EQUAL(fill_slots(POISE_SCHEDULER_RR, backends, 3, plain, 3), 3);
	CU_ASSERT_EQUAL(memcmp(weighted, plain, sizeof(plain)), 0);
}

static void nobody_is_nothing(void)
{
	for (int scheduler = 0; scheduler < POISE_SCHEDULERS; scheduler++)
		CU_ASSERT_EQUAL(fill_slots((enum poise_scheduler)scheduler, NULL, 0, NULL, 0), 0);
	CU_ASSERT_EQUAL(fill_slots(POISE_SCHEDULERS, three, 3, NULL, 0), -EINVAL);
}

// Any prefix of the order serves each backend within one of its share, times the number of backends.
static void random_weights_keep_their_share(void)
{
	static uint16_t slots[POISE_MAX_SLOTS];
	uint64_t seed = 2026;

	for (int round = 0; round < 300; round++) {
		struct cp_sched_backend backends[16];
		uint32_t count = 1 + (uint32_t)(check_random(&seed) % 16), sum = 0, served[16] = {0};
		int turns;

		for (uint32_t i = 0; i < count; i++) {
			backends[i].index = (uint16_t)i;
			backends[i].weight = (uint16_t)(1 + check_random(&seed) % 256);
			sum += backends[i].weight;
		}
		turns = fill_slots(POISE_SCHEDULER_WRR, backends, count, slots, POISE_MAX_SLOTS);
		CU_ASSERT_FATAL(turns > 0 && sum % (uint32_t)turns == 0);
		for (int turn = 0; turn < turns; turn++) {
			served[slots[turn]]++;
			for (uint32_t i = 0; i < count; i++) {
				double share = (double)(turn + 1) * backends[i].weight / sum;
				double ahead = served[i] - share;

				if (ahead > count || ahead < -1.0 * count) {
					CU_FAIL("a backend is far from its share");
					return;
				}
			}
		}
		for (uint32_t i = 0; i < count; i++)
			CU_ASSERT_EQUAL(served[i] * (sum / (uint32_t)turns), backends[i].weight);
	}
}

static const struct check_case cases[] = {
	{ "round robin serves in order", round_robin_in_order },
	{ "weighted order is smooth", weighted_is_smooth },
	{ "weights are divided by their common divisor", weighted_divides_by_the_common_divisor },
	{ "equal weights are plain round robin", equal_weights_are_round_robin },
	{ "no backend, no slot", nobody_is_nothing },
	{ "random weights keep their share", random_weights_keep_their_share },
};

CHECK_MAIN("sched", cases)
