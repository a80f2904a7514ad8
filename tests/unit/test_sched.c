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

static int maglev(uint32_t count, uint32_t without, uint16_t *slots)
{
	struct cp_sched_backend backends[100];
	struct cp_sched_service service = { .backends = backends, .configured = count };

	for (uint32_t i = 0; i < count; i++)
		if (i != without)
			backends[service.count++] = (struct cp_sched_backend){
				.index = (uint16_t)i, .weight = 1, .key = (0x0a000001ull + i) << 16 | 80 };
	return cp_sched_fill(POISE_SCHEDULER_MAGLEV, &service, slots, POISE_MAX_SLOTS);
}

// NSDI '16: with 100 slots and more for each backend shares differ by 1 % or so, and when one of them goes few slots
// but its own change hands.
static void maglev_is_even_and_disrupts_little(void)
{
	static uint16_t before[POISE_MAX_SLOTS], after[POISE_MAX_SLOTS];
	uint32_t counts[100] = {0}, least = ~0u, most = 0, own = 0, moved = 0;
	int size = maglev(100, 100, before);

	CU_ASSERT_EQUAL_FATAL(size, 16381);
	for (int i = 0; i < size; i++)
		counts[before[i]]++;
	for (int i = 0; i < 100; i++) {
		least = counts[i] < least ? counts[i] : least;
		most = counts[i] > most ? counts[i] : most;
	}
	CU_ASSERT(most - least <= 2); // they take turns
	CU_ASSERT_EQUAL(maglev(100, 41, after), size);
	for (int i = 0; i < size; i++) {
		own += before[i] == 41;
		moved += before[i] != 41 && before[i] != after[i];
		CU_ASSERT_NOT_EQUAL(after[i], 41);
	}
	printf("# maglev: %d slots, %u to %u a backend; without one its own %u move, and %u others (%.2f %%)\n", size, least,
	       most, own, moved, 100.0 * moved / size);
	CU_ASSERT(moved * 100 < (uint32_t)size * 3);
}

static void maglev_keeps_to_weights(void)
{
	static uint16_t slots[POISE_MAX_SLOTS];
	struct cp_sched_backend backends[] = { { .index = 0, .weight = 3, .key = 77 }, { .index = 1, .weight = 1, .key = 78 } };
	const struct cp_sched_service service = { .backends = backends, .count = 2, .configured = 2 };
	int size = cp_sched_fill(POISE_SCHEDULER_MAGLEV, &service, slots, POISE_MAX_SLOTS), heavy = 0;

	CU_ASSERT_EQUAL(size, 251);
	for (int i = 0; i < size; i++)
		heavy += !slots[i];
	CU_ASSERT(heavy >= 187 && heavy <= 190);
	CU_ASSERT_EQUAL(cp_sched_fill(POISE_SCHEDULER_MAGLEV, &service, slots, 250), -ENOSPC);
}

static void least_connections_level_out(void)
{
	struct cp_sched_backend backends[] = { { .index = 0, .weight = 1, .flows = 100 },
					       { .index = 1, .weight = 1, .flows = 90 },
					       { .index = 2, .weight = 2, .flows = 180 } };
	const struct cp_sched_service service = { .backends = backends, .count = 3, .expected = 50 };
	uint16_t slots[CP_LC_SLOTS];
	uint32_t got[3] = { 100, 90, 180 };
	int count = cp_sched_fill(POISE_SCHEDULER_LC, &service, slots, CP_LC_SLOTS);

	CU_ASSERT_EQUAL(count, 50);
	for (int i = 0; i < count; i++)
		got[slots[i]]++;
	CU_ASSERT_EQUAL(got[0], 105);
	CU_ASSERT_EQUAL(got[1], 105);
	CU_ASSERT_EQUAL(got[2], 210);
	// What is level stays with the turn by weight, so that the slots do not change every second.
	backends[1].flows = 100;
	backends[2].flows = 201;
	CU_ASSERT_EQUAL(cp_sched_fill(POISE_SCHEDULER_LC, &service, slots, CP_LC_SLOTS), 4);
}

static void least_connections_of_very_many(void)
{
	struct cp_sched_backend backends[] = { { .index = 0, .weight = 1, .flows = 1000000 }, { .index = 1, .weight = 1 } };
	const struct cp_sched_service service = { .backends = backends, .count = 2, .expected = 900000 };
	uint16_t slots[CP_LC_SLOTS];
	int count = cp_sched_fill(POISE_SCHEDULER_LC, &service, slots, CP_LC_SLOTS);

	CU_ASSERT(count > 500 && count <= (int)CP_LC_SLOTS);
	for (int i = 0; i < count; i++)
		CU_ASSERT_EQUAL(slots[i], 1);
}

static const struct check_case cases[] = {
	{ "round robin serves in order", round_robin_in_order },
	{ "weighted order is smooth", weighted_is_smooth },
	{ "weights are divided by their common divisor", weighted_divides_by_the_common_divisor },
	{ "equal weights are plain round robin", equal_weights_are_round_robin },
	{ "no backend, no slot", nobody_is_nothing },
	{ "maglev is even, and disrupts little", maglev_is_even_and_disrupts_little },
	{ "maglev keeps to weights", maglev_keeps_to_weights },
	{ "least connections level out", least_connections_level_out },
	{ "least connections of very many flows", least_connections_of_very_many },
	{ "random weights keep their share", random_weights_keep_their_share },
};

CHECK_MAIN("sched", cases)
