// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The operator's wishes in a file: back as they were, and nothing from a file that is not ours.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "overrides.h"

static char directory[32], path[64];

#define NOW 1000000000000ull

static void enter(void)
{
	strcpy(directory, "/tmp/poise-over.XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/" CP_OVERRIDES_FILE, directory);
}

static void leave(void)
{
	unlink(path);
	CU_ASSERT_EQUAL(rmdir(directory), 0); // nothing else was left there
}

static void fill(struct cp_backend_state items[3])
{
	static const char *const names[] = {"one", "two", "a \"quoted\" name"};

	memset(items, 0, 3 * sizeof(*items));
	for (int i = 0; i < 3; i++) {
		strcpy(items[i].service, "web");
		strcpy(items[i].backend, names[i]);
		items[i].weight = -1;
		items[i].healthy = i == 1;
	}
}

static void put(const char *text)
{
	FILE *file = fopen(path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs(text, file);
	fclose(file);
}

static void there_and_back(void)
{
	struct cp_backend_state items[3], again[3];
	struct cp_states states = {items, 3}, loaded = {again, 3};

	enter();
	fill(items);
	fill(again);
	CU_ASSERT_EQUAL(cp_overrides_load(&loaded, directory, NOW), -ENOENT);
	CU_ASSERT_EQUAL(cp_overrides_save(&states, directory), 0);
	CU_ASSERT(access(path, F_OK)); // no wish, no file
	items[0].draining = true;
	items[2].disabled = true;
	items[2].weight = 0;
	CU_ASSERT_EQUAL(cp_overrides_save(&states, directory), 0);
	CU_ASSERT_EQUAL(cp_overrides_load(&loaded, directory, NOW), 2);
	CU_ASSERT_EQUAL(memcmp(items, again, sizeof(items)), 0);
	strcpy(again[0].backend, "renamed"); // gone from the configuration
	again[2].weight = -1;
	CU_ASSERT_EQUAL(cp_overrides_load(&loaded, directory, NOW), 1);
	CU_ASSERT_EQUAL(again[2].weight, 0);
	fill(items);
	CU_ASSERT_EQUAL(cp_overrides_save(&states, directory), 0);
	CU_ASSERT(access(path, F_OK));
	leave();
}

// The deadline of a drain goes on, it does not begin anew and is not forgotten.
static void deadline_goes_on(void)
{
	struct cp_backend_state items[3], again[3];
	struct cp_states states = {items, 3}, loaded = {again, 3};

	enter();
	fill(items);
	fill(again);
	items[0].draining = items[1].draining = true;
	items[0].drain_ns = NOW - 7;
	items[0].drain_deadline_s = 600;
	items[1].drain_ns = NOW + 7; // a boot that was up for longer
	items[1].drain_deadline_s = 60;
	items[2].disabled = true;
	items[2].drain_deadline_s = 5; // of a drain that is over
	CU_ASSERT_EQUAL(cp_overrides_save(&states, directory), 0);
	CU_ASSERT_EQUAL(cp_overrides_load(&loaded, directory, NOW), 3);
	CU_ASSERT(again[0].drain_ns == NOW - 7 && again[0].drain_deadline_s == 600);
	CU_ASSERT(again[1].drain_ns == NOW && again[1].drain_deadline_s == 60);
	CU_ASSERT(!again[2].draining && !again[2].drain_deadline_s);
	leave();
}

static void foreign_files(void)
{
	static const char *const texts[] = {"", "{", "{}", "7", "[7]", "[{\"service\":\"web\"}]",
		"[{\"service\":\"web\",\"backend\":\"one\",\"draining\":true,\"disabled\":false,\"weight\":257}]",
		("[{\"service\":\"web\",\"backend\":\"one\",\"draining\":true,\"disabled\":false,\"weight\":1,"
		 "\"drain_deadline_s\":-1}]"),
		"[{\"service\":\"web\",\"backend\":\"one\",\"draining\":true,\"disabled\":false,\"weight\":1},[]]"};
	struct cp_backend_state items[3], before[3];
	struct cp_states states = {items, 3};

	enter();
	fill(items);
	fill(before);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		put(texts[i]);
		CU_ASSERT_EQUAL(cp_overrides_load(&states, directory, NOW), -EINVAL);
		CU_ASSERT_EQUAL(memcmp(items, before, sizeof(items)), 0);
	}
	leave();
}

static void no_place_to_write(void)
{
	struct cp_backend_state items[3];
	struct cp_states states = {items, 3};

	fill(items);
	items[0].disabled = true;
	CU_ASSERT_EQUAL(cp_overrides_save(&states, "/nonexistent/poise"), -ENOENT);
}

static const struct check_case cases[] = {
	{"there and back", there_and_back}, {"the deadline of a drain goes on", deadline_goes_on},
	{"foreign files", foreign_files}, {"no place to write", no_place_to_write}};

CHECK_MAIN("overrides", cases)
