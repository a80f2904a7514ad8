// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The ring of events: the newest are there, the oldest make room, the log's rate limit hides nothing from it.
#include "check.h"
#include "events.h"
#include "log.h"

static void newest_stay(void)
{
	uint64_t first = cp_event_last() + 1;
	char text[CP_EVENT_TEXT + 100];

	for (int i = 0; i < CP_EVENTS + 5; i++) {
		snprintf(text, sizeof(text), "event %d", i);
		cp_event_add("info", "kind", text);
	}
	CU_ASSERT_EQUAL(cp_event_last(), first + CP_EVENTS + 4);
	CU_ASSERT_PTR_NULL(cp_event_get(0));
	CU_ASSERT_PTR_NULL(cp_event_get(first + 4));
	CU_ASSERT_PTR_NULL(cp_event_get(cp_event_last() + 1));
	CU_ASSERT_PTR_NOT_NULL_FATAL(cp_event_get(first + 5));
	CU_ASSERT_STRING_EQUAL(cp_event_get(first + 5)->text, "event 5");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	cp_event_add("info", "kind", text);
	CU_ASSERT_EQUAL(strlen(cp_event_get(cp_event_last())->text), CP_EVENT_TEXT - 1);
}

static void log_lines_are_events(void)
{
	uint64_t before = cp_event_last();

	for (int i = 0; i < 30; i++) // the log itself stops at 20
		cp_log(CP_LOG_WARNING, "test-kind", "line %d", i);
	CU_ASSERT_EQUAL(cp_event_last(), before + 30);
	CU_ASSERT_STRING_EQUAL(cp_event_get(before + 30)->text, "line 29");
	CU_ASSERT_STRING_EQUAL(cp_event_get(before + 30)->kind, "test-kind");
	CU_ASSERT_STRING_EQUAL(cp_event_get(before + 30)->level, "warning");
}

static const struct check_case cases[] = {
	{ "newest stay", newest_stay },
	{ "log lines are events", log_lines_are_events },
};

CHECK_MAIN("events", cases)
