// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "page_cache.h"

#define MS 1000000ull

static void put(struct cp_page_cache *cache, const char *path, const char *text, uint64_t began_ms, uint64_t now_ms)
{
	const struct cp_page page = {.type = "text/plain"};
	struct evbuffer *body = evbuffer_new();

	evbuffer_add(body, text, strlen(text));
	cp_page_cache_put(cache, path, began_ms * MS, now_ms * MS, body, &page);
	CU_ASSERT_EQUAL(evbuffer_get_length(body), strlen(text)); // the first reader has it too
	evbuffer_free(body);
}

// What is kept of `path`, "" for nothing; a static buffer.
static const char *get(const struct cp_page_cache *cache, const char *path, uint64_t now_ms)
{
	static char text[256];
	struct evbuffer *body = evbuffer_new();
	struct cp_page page = {0};
	int length = 0;

	if (cp_page_cache_get(cache, path, now_ms * MS, body, &page)) {
		length = evbuffer_remove(body, text, sizeof(text) - 1);
		CU_ASSERT_STRING_EQUAL(page.type, "text/plain");
	}
	text[length] = 0;
	evbuffer_free(body);
	return text;
}

static void good_for_ten_times_what_it_took(void)
{
	struct cp_page_cache cache = {0};

	CU_ASSERT_STRING_EQUAL(get(&cache, "/metrics", 0), "");
	put(&cache, "/metrics", "one", 1000, 1003);
	CU_ASSERT_STRING_EQUAL(get(&cache, "/metrics", 1003), "one");
	CU_ASSERT_STRING_EQUAL(get(&cache, "/metrics", 1032), "one");
	CU_ASSERT_STRING_EQUAL(get(&cache, "/metrics", 1033), "");
	CU_ASSERT_STRING_EQUAL(get(&cache, "/other", 1003), "");
	put(&cache, "/metrics", "two", 1033, 1034);
	CU_ASSERT_STRING_EQUAL(get(&cache, "/metrics", 1034), "two");
	put(&cache, "/metrics", "slow", 2000, 3000); // a second at most
	CU_ASSERT_STRING_EQUAL(get(&cache, "/metrics", 3999), "slow");
	CU_ASSERT_STRING_EQUAL(get(&cache, "/metrics", 4000), "");
	cp_page_cache_fini(&cache);
}

static void the_last_few_are_kept(void)
{
	struct cp_page_cache cache = {0};
	char path[80];

	for (int i = 0; i < 3 * CP_PAGE_CACHE; i++) {
		snprintf(path, sizeof(path), "/%d", i);
		put(&cache, path, path, 0, 100);
	}
	CU_ASSERT_STRING_EQUAL(get(&cache, path, 200), path);
	CU_ASSERT_STRING_EQUAL(get(&cache, "/0", 200), "");
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = 0;
	put(&cache, path, "too long a name", 0, 100);
	CU_ASSERT_STRING_EQUAL(get(&cache, path, 200), "");
	cp_page_cache_fini(&cache);
}

static void an_answer_under_way_outlives_the_cache(void)
{
	const struct cp_page page = {.type = "text/plain"};
	struct cp_page_cache cache = {0};
	struct evbuffer *body = evbuffer_new();
	char text[8] = "";

	evbuffer_add(body, "whole", 5);
	cp_page_cache_put(&cache, "/", 0, MS, body, &page);
	put(&cache, "/", "other", 5, 6);
	cp_page_cache_fini(&cache);
	CU_ASSERT_EQUAL(evbuffer_remove(body, text, sizeof(text)), 5);
	CU_ASSERT_STRING_EQUAL(text, "whole");
	evbuffer_free(body);
}

static const struct check_case cases[] = {
	{"good for ten times what it took", good_for_ten_times_what_it_took},
	{"the last few are kept", the_last_few_are_kept},
	{"an answer under way outlives the cache", an_answer_under_way_outlives_the_cache},
};
CHECK_MAIN("page_cache", cases)
