// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "check.h"
#include "health.h"

static void first_result_decides(void)
{
	struct cp_health_state good = {0}, bad = {0};

	CU_ASSERT_TRUE(cp_health_result(&good, true, 5, 5, 17));
	CU_ASSERT_TRUE(good.known && good.healthy);
	CU_ASSERT_EQUAL(good.since_ns, 17);
	CU_ASSERT_TRUE(cp_health_result(&bad, false, 5, 5, 18));
	CU_ASSERT_TRUE(bad.known && !bad.healthy);
	CU_ASSERT_EQUAL(bad.since_ns, 18);
}

// Results as letters: what comes in, and the verdict after each (capital: it has just changed).
static void run(const char *results, const char *verdicts, uint32_t rise, uint32_t fall)
{
	struct cp_health_state state = {0};

	for (uint64_t i = 0; results[i]; i++) {
		bool changed = cp_health_result(&state, results[i] == '+', rise, fall, i);
		char verdict = state.healthy ? 'u' : 'd';

		if (changed)
			verdict = (char)(verdict - 'a' + 'A');
		if (verdict != verdicts[i])
			fprintf(stderr, "%s rise %u fall %u: at %u %c\n", results, rise, fall, (unsigned int)i,
				verdict);
		CU_ASSERT_EQUAL(verdict, verdicts[i]);
		if (changed)
			CU_ASSERT_EQUAL(state.since_ns, i);
	}
}

static void rise_and_fall(void)
{
	run("++++", "Uuuu", 2, 3);
	run("----", "Dddd", 2, 3);
	run("+---", "UuuD", 2, 3);
	run("-++-", "DdUu", 2, 3);
	run("+--+---+-++", "UuuuuuDdddU", 2, 3);
	run("+-+-+-+-", "Uuuuuuuu", 2, 2);
	run("-+-+-+-+", "Dddddddd", 2, 2);
	run("+-+-", "UDUD", 1, 1);
	run("+-+-", "UDUD", 0, 0);
}

static void streak_stays_at_its_maximum(void)
{
	struct cp_health_state state = { .known = true, .healthy = true, .last_ok = true,
					 .streak = UINT32_MAX };

	CU_ASSERT_FALSE(cp_health_result(&state, true, 1, 1, 1));
	CU_ASSERT_EQUAL(state.streak, UINT32_MAX);
	CU_ASSERT_FALSE(cp_health_result(&state, false, 1, 2, 2));
	CU_ASSERT_EQUAL(state.streak, 1);
}

static const struct check_case cases[] = {
	{ "the first result decides", first_result_decides },
	{ "rise and fall", rise_and_fall },
	{ "the streak does not wrap", streak_stays_at_its_maximum },
};

CHECK_MAIN("health", cases)
