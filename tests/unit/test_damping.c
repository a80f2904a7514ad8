// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <string.h>

#include "check.h"
#include "check/passive.h"
#include "damping.h"

#define SECOND 1000000000ull
#define HALF 60 // seconds

static void the_third_fall_is_one_too_many(void)
{
	struct cp_damping damping = {0};

	CU_ASSERT_FALSE(cp_damping_holds(&damping, HALF, 1 * SECOND));
	for (uint64_t fall = 1; fall <= 2; fall++) {
		cp_damping_fall(&damping, HALF, fall * SECOND);
		CU_ASSERT_FALSE(cp_damping_holds(&damping, HALF, fall * SECOND));
	}
	cp_damping_fall(&damping, HALF, 3 * SECOND);
	CU_ASSERT_TRUE(cp_damping_holds(&damping, HALF, 3 * SECOND));
	CU_ASSERT_EQUAL(cp_damping_left_s(&damping, 0, 3 * SECOND), 0);
}

static void it_is_free_when_it_was_steady(void)
{
	struct cp_damping damping = {0};
	uint64_t free_s;

	for (uint64_t fall = 1; fall <= 3; fall++)
		cp_damping_fall(&damping, HALF, fall * SECOND);
	CU_ASSERT_TRUE(cp_damping_holds(&damping, HALF, 4 * SECOND));
	free_s = 4 + cp_damping_left_s(&damping, HALF, 4 * SECOND);
	CU_ASSERT_TRUE(free_s > 4 + HALF && free_s < 4 + 3 * HALF);
	CU_ASSERT_TRUE(cp_damping_holds(&damping, HALF, (free_s - 3) * SECOND)); // below the upper limit long since
	CU_ASSERT_FALSE(cp_damping_holds(&damping, HALF, (free_s + 3) * SECOND));
	CU_ASSERT_EQUAL(cp_damping_left_s(&damping, HALF, (free_s + 3) * SECOND), 0);
}

static void falls_far_apart_are_none_too_many(void)
{
	struct cp_damping damping = {0};

	for (uint64_t fall = 1; fall <= 100; fall++) {
		cp_damping_fall(&damping, HALF, fall * 2 * HALF * SECOND);
		CU_ASSERT_FALSE(cp_damping_holds(&damping, HALF, fall * 2 * HALF * SECOND));
	}
}

static void nobody_is_held_for_ever(void)
{
	struct cp_damping damping = {0};

	for (uint64_t fall = 1; fall <= 1000; fall++)
		cp_damping_fall(&damping, HALF, 5 * SECOND + fall);
	CU_ASSERT_EQUAL(damping.penalty, CP_DAMPING_MOST);
	CU_ASSERT_TRUE(cp_damping_holds(&damping, HALF, 6 * SECOND));
	CU_ASSERT_TRUE(cp_damping_left_s(&damping, HALF, 6 * SECOND) <= 3 * HALF + 1);
	CU_ASSERT_FALSE(cp_damping_holds(&damping, HALF, (6 + 3 * HALF + 2) * SECOND));
	CU_ASSERT_FALSE(cp_damping_holds(&damping, HALF, UINT64_MAX));
}

static void without_a_half_life_nothing_is_held(void)
{
	struct cp_damping damping = {0};

	for (uint64_t fall = 1; fall <= 9; fall++)
		cp_damping_fall(&damping, 0, fall);
	CU_ASSERT_FALSE(cp_damping_holds(&damping, 0, 9));
	for (uint64_t fall = 1; fall <= 9; fall++)
		cp_damping_fall(&damping, HALF, fall);
	CU_ASSERT_TRUE(cp_damping_holds(&damping, HALF, 9));
	CU_ASSERT_FALSE(cp_damping_holds(&damping, 0, 10)); // a reload turned it off
}

static void signs_are_failures_without_success(void)
{
	struct cp_passive passive = {0};
	struct cp_view_traffic traffic = {.answers = 100, .syn_repeated = 50};

	CU_ASSERT_FALSE(cp_passive_sign(&passive, &traffic)); // the first reading says nothing
	CU_ASSERT_FALSE(cp_passive_sign(&passive, &traffic));
	traffic.syn_repeated += CP_PASSIVE_SIGNS - 1;
	CU_ASSERT_FALSE(cp_passive_sign(&passive, &traffic));
	traffic.syn_repeated += 1;
	traffic.syn_refused += CP_PASSIVE_SIGNS - 1;
	CU_ASSERT_TRUE(cp_passive_sign(&passive, &traffic));
	traffic.syn_refused += 100;
	traffic.answers++;
	CU_ASSERT_FALSE(cp_passive_sign(&passive, &traffic));
	memset(&traffic, 0, sizeof(traffic)); // another dataplane
	CU_ASSERT_FALSE(cp_passive_sign(&passive, &traffic));
	traffic.syn_refused = CP_PASSIVE_SIGNS;
	CU_ASSERT_TRUE(cp_passive_sign(&passive, &traffic));
}

static const struct check_case cases[] = {
	{"the third fall is one too many", the_third_fall_is_one_too_many},
	{"it is free when it was steady", it_is_free_when_it_was_steady},
	{"falls far apart are none too many", falls_far_apart_are_none_too_many},
	{"nobody is held for ever", nobody_is_held_for_ever},
	{"without a half-life nothing is held", without_a_half_life_nothing_is_held},
	{"signs are failures without success", signs_are_failures_without_success},
};
CHECK_MAIN("damping", cases)
