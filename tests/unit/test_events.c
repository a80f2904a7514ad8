// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The ring of events: the newest are there, the oldest make room, the log's rate limit hides nothing from it.
#include "check.h"
#include "event_json.h"
#include "events.h"
#include "log.h"
#include "log_limit.h"

static void newest_stay(void)
{
	uint64_t first = cp_event_last() + 1;
	char text[CP_EVENT_TEXT + 100];

	for (int i = 0; i < CP_EVENTS + 5; i++) {
		snprintf(text, sizeof(text), "event %d", i);
		cp_event_add("info", "kind", NULL, text);
	}
	CU_ASSERT_EQUAL(cp_event_last(), first + CP_EVENTS + 4);
	CU_ASSERT_PTR_NULL(cp_event_get(0));
	CU_ASSERT_PTR_NULL(cp_event_get(first + 4));
	CU_ASSERT_PTR_NULL(cp_event_get(cp_event_last() + 1));
	CU_ASSERT_PTR_NOT_NULL_FATAL(cp_event_get(first + 5));
	CU_ASSERT_STRING_EQUAL(cp_event_get(first + 5)->text, "event 5");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	cp_event_add("info", "kind", NULL, text);
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

static void subject_is_kept(void)
{
	const struct cp_log_subject subject = {.service = "db", .backend = "pg1", .role = "primary"};
	const struct cp_event *event;
	json_t *object;

	cp_log_about(&subject, CP_LOG_ERROR, "backend-down", "text");
	event = cp_event_get(cp_event_last());
	CU_ASSERT_STRING_EQUAL(event->service, "db");
	CU_ASSERT_STRING_EQUAL(event->backend, "pg1");
	CU_ASSERT_STRING_EQUAL(event->role, "primary");
	object = cp_event_json(event, NULL);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(object, "role")), "primary");
	json_decref(object);
	cp_log(CP_LOG_ERROR, "backend-down", "text");
	object = cp_event_json(cp_event_get(cp_event_last()), "\xff is no UTF-8");
	CU_ASSERT(json_is_null(json_object_get(object, "service")));
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(object, "text")), "? is no UTF-8");
	json_decref(object);
}

static void limit_counts(void)
{
	struct cp_log_limit limit = {0};
	uint32_t held = 0;

	for (int i = 0; i < CP_LOG_LIMIT_LINES; i++)
		CU_ASSERT(cp_log_limit_admit(&limit, 100));
	CU_ASSERT_FALSE(cp_log_limit_admit(&limit, 100));
	CU_ASSERT_FALSE(cp_log_limit_admit(&limit, 100 + CP_LOG_LIMIT_SECONDS - 1));
	CU_ASSERT_FALSE(cp_log_limit_over(&limit, 100 + CP_LOG_LIMIT_SECONDS - 1, &held));
	CU_ASSERT(cp_log_limit_over(&limit, 100 + CP_LOG_LIMIT_SECONDS, &held));
	CU_ASSERT_EQUAL(held, 2);
	CU_ASSERT_FALSE(cp_log_limit_over(&limit, 100 + CP_LOG_LIMIT_SECONDS, &held)); // told once
	CU_ASSERT(cp_log_limit_admit(&limit, 100 + CP_LOG_LIMIT_SECONDS));
}

static const struct check_case cases[] = {
	{ "newest stay", newest_stay },
	{ "log lines are events", log_lines_are_events },
	{ "what it is about is kept", subject_is_kept },
	{ "the limit counts what it holds back", limit_counts },
};

CHECK_MAIN("events", cases)
