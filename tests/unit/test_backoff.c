// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// When a dataplane that ended is started again.
#include <signal.h>
#include <sys/wait.h>

#include "backoff.h"
#include "check.h"

#define SECOND 1000000000ull

static void grows(void)
{
	struct cp_backoff backoff = {0};
	uint64_t now = 1000 * SECOND;

	// A minute apart: no crash loop, but longer waits.
	CU_ASSERT_EQUAL(cp_backoff_ended(&backoff, CP_END_FAILED, 0, now), 100);
	CU_ASSERT_EQUAL(cp_backoff_ended(&backoff, CP_END_FAILED, 0, now += 60 * SECOND), 200);
	CU_ASSERT_EQUAL(cp_backoff_ended(&backoff, CP_END_FAILED, 0, now += 60 * SECOND), 400);
	for (int i = 0; i < 10; i++)
		cp_backoff_ended(&backoff, CP_END_FAILED, 0, now += 60 * SECOND);
	CU_ASSERT_EQUAL(backoff.delay_ms, 5000);
	CU_ASSERT_FALSE(backoff.loop);
}

static void crash_loop(void)
{
	struct cp_backoff backoff = {0};
	uint64_t now = 1000 * SECOND;

	for (int i = 0; i < 4; i++) {
		cp_backoff_ended(&backoff, CP_END_FAILED, 2 * SECOND, now += 3 * SECOND);
		CU_ASSERT_FALSE(backoff.loop);
	}
	CU_ASSERT_EQUAL(cp_backoff_ended(&backoff, CP_END_FAILED, 2 * SECOND, now += 3 * SECOND), 10000);
	CU_ASSERT_TRUE(backoff.loop);
	// The waits grow, and with them the ends leave the window: it is a crash loop all the same.
	CU_ASSERT_EQUAL(cp_backoff_ended(&backoff, CP_END_FAILED, 2 * SECOND, now += 60 * SECOND), 20000);
	CU_ASSERT_TRUE(backoff.loop);
	for (int i = 0; i < 10; i++)
		cp_backoff_ended(&backoff, CP_END_FAILED, 2 * SECOND, now += 400 * SECOND);
	CU_ASSERT_EQUAL(backoff.delay_ms, 300000);
	CU_ASSERT_TRUE(cp_backoff_proven(&backoff));
	CU_ASSERT_FALSE(cp_backoff_proven(&backoff));
	CU_ASSERT_EQUAL(cp_backoff_ended(&backoff, CP_END_FAILED, 0, now), 100);
}

static void window(void)
{
	struct cp_backoff backoff = {0};
	uint64_t now = 1000 * SECOND;

	for (int i = 0; i < 4; i++)
		cp_backoff_ended(&backoff, CP_END_FAILED, 0, now);
	cp_backoff_ended(&backoff, CP_END_FAILED, 0, now + 30 * SECOND + 1);
	CU_ASSERT_FALSE(backoff.loop);
	cp_backoff_ended(&backoff, CP_END_FAILED, 0, now + 30 * SECOND + 2);
	CU_ASSERT_FALSE(backoff.loop);
}

// Somebody's kills, as often as one likes, of a dataplane that works.
static void kills(void)
{
	struct cp_backoff backoff = {0};

	for (uint64_t i = 0; i < 100; i++)
		CU_ASSERT_EQUAL(cp_backoff_ended(&backoff, CP_END_KILLED, 2 * SECOND, (1000 + 3 * i) * SECOND), 100);
	CU_ASSERT_FALSE(backoff.loop);
	// But one that is killed before it works (by the kernel, for want of memory) is in a loop.
	for (uint64_t i = 0; i < 5; i++)
		cp_backoff_ended(&backoff, CP_END_KILLED, 0, (2000 + i) * SECOND);
	CU_ASSERT_TRUE(backoff.loop);
}

static void planned(void)
{
	struct cp_backoff backoff = {0};

	for (int i = 0; i < 100; i++)
		CU_ASSERT_EQUAL(cp_backoff_ended(&backoff, CP_END_PLANNED, 0, 1000 * SECOND), 0);
	CU_ASSERT_FALSE(backoff.loop);
}

static void worked_long(void)
{
	struct cp_backoff backoff = {0};

	for (uint64_t i = 0; i < 20; i++)
		CU_ASSERT_EQUAL(cp_backoff_ended(&backoff, CP_END_FAILED, CP_BACKOFF_PROVEN_NS, 1000 * SECOND), 100);
	CU_ASSERT_FALSE(backoff.loop);
}

static void kinds_of_ends(void)
{
	// The low seven bits are the signal, the byte above the exit status.
	CU_ASSERT_EQUAL(cp_end_of_status(SIGSEGV, false), CP_END_FAILED);
	CU_ASSERT_EQUAL(cp_end_of_status(SIGSEGV, true), CP_END_FAILED);
	CU_ASSERT_EQUAL(cp_end_of_status(SIGABRT | 0x80, false), CP_END_FAILED); // with a core dump
	CU_ASSERT_EQUAL(cp_end_of_status(SIGKILL, false), CP_END_KILLED);
	CU_ASSERT_EQUAL(cp_end_of_status(SIGKILL, true), CP_END_PLANNED);
	CU_ASSERT_EQUAL(cp_end_of_status(1 << 8, false), CP_END_FAILED);
	CU_ASSERT_EQUAL(cp_end_of_status(0, false), CP_END_KILLED);
	CU_ASSERT_EQUAL(cp_end_of_status(0, true), CP_END_PLANNED);
	CU_ASSERT_EQUAL(cp_end_of_status(-1, false), CP_END_KILLED);
	CU_ASSERT_EQUAL(cp_end_of_status(-1, true), CP_END_PLANNED);
}

static const struct check_case cases[] = {
	{"waits grow", grows},
	{"a crash loop", crash_loop},
	{"five ends in half a minute", window},
	{"kills from outside", kills},
	{"planned ends", planned},
	{"a run that worked for long", worked_long},
	{"kinds of ends", kinds_of_ends},
};

CHECK_MAIN("backoff", cases)
