// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <string.h>

#include "api_queue.h"
#include "check.h"

// Clients are names here.
static char first, second, third;
static char ran[64];

static void run(void *context, struct cp_stream_client *client, const char *text, size_t length)
{
	size_t used = strlen(ran);

	snprintf(ran + used, sizeof(ran) - used, "%.*s ", (int)length, text);
}

static struct cp_stream_client *client(char *name)
{
	return (struct cp_stream_client *)name;
}

// Turns of the loop until `count` requests ran; returns how many turns ran more than one.
static unsigned turns(struct event_base *base, unsigned count)
{
	unsigned crowded = 0, before, words = 0;

	for (const char *c = ran; *c; c++)
		words += *c == ' ';

	for (int i = 0; i < 1000 && words < count; i++) {
		before = words;
		event_base_loop(base, EVLOOP_ONCE);
		words = 0;
		for (const char *c = ran; *c; c++)
			words += *c == ' ';
		crowded += words > before + 1;
	}
	return crowded;
}

static void one_a_turn_and_in_order(void)
{
	struct event_base *base = event_base_new();
	struct cp_api_queue *queue = cp_api_queue_create(base, run, NULL);

	ran[0] = 0;
	CU_ASSERT_TRUE(cp_api_queue_add(queue, client(&first), "one", 3));
	CU_ASSERT_TRUE(cp_api_queue_add(queue, client(&second), "two", 3));
	CU_ASSERT_TRUE(cp_api_queue_add(queue, client(&third), "three", 5));
	CU_ASSERT_STRING_EQUAL(ran, ""); // never at once
	CU_ASSERT_EQUAL(cp_api_queue_count(queue), 3);
	CU_ASSERT_EQUAL(turns(base, 3), 0);
	CU_ASSERT_STRING_EQUAL(ran, "one two three ");
	CU_ASSERT_TRUE(cp_api_queue_add(queue, client(&first), "four", 4));
	CU_ASSERT_EQUAL(turns(base, 4), 0);
	CU_ASSERT_STRING_EQUAL(ran, "one two three four ");
	cp_api_queue_destroy(queue);
	event_base_free(base);
}

static void who_is_gone_is_forgotten(void)
{
	struct event_base *base = event_base_new();
	struct cp_api_queue *queue = cp_api_queue_create(base, run, NULL);

	ran[0] = 0;
	cp_api_queue_add(queue, client(&first), "one", 3);
	cp_api_queue_add(queue, client(&second), "two", 3);
	cp_api_queue_add(queue, client(&third), "three", 5);
	cp_api_queue_forget(queue, client(&third));
	cp_api_queue_add(queue, client(&third), "four", 4);
	cp_api_queue_forget(queue, client(&first));
	turns(base, 2);
	CU_ASSERT_STRING_EQUAL(ran, "two four ");
	CU_ASSERT_EQUAL(cp_api_queue_count(queue), 0);
	cp_api_queue_forget(queue, client(&first));
	cp_api_queue_add(queue, client(&first), "left", 4);
	cp_api_queue_destroy(queue); // with one that waits
	event_base_free(base);
}

static void what_belongs_here(void)
{
	CU_ASSERT_TRUE(cp_api_queue_costly("{\"argv\":[\"flows\"]}", 18));
	CU_ASSERT_TRUE(cp_api_queue_costly("{\"argv\":[\"plan\",\"a\"]}", 21));
	CU_ASSERT_FALSE(cp_api_queue_costly("{\"argv\":[\"status\"]}", 19));
	CU_ASSERT_FALSE(cp_api_queue_costly("", 0));
}

static const struct check_case cases[] = {
	{"one a turn, and in order", one_a_turn_and_in_order},
	{"who is gone is forgotten", who_is_gone_is_forgotten},
	{"what belongs here", what_belongs_here},
};
CHECK_MAIN("api_queue", cases)
