// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// libFuzzer: any bytes as a request on poised's control socket. Whatever comes, the answer is one line with one JSON
// object in it, and poised goes on: what a request changes is published as ever. Corpus: a request for each verb.
#include <jansson.h>

#include "../unit/app_world.h"
#include "api.h"
#include "packet_check.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct app_world *world;
static struct cp_load load;

static void leave(void)
{
	app_free(world);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	world = app_world(APP_PORTS APP_SERVICES);
	atexit(leave);
	return 0;
}

// What a verb may ask of poisectl beyond printing; see api_request.c.
static size_t wishes(const json_t *answer)
{
	const json_t *file = json_object_get(answer, "file"), *screen = json_object_get(answer, "screen");
	const json_t *lines = json_object_get(answer, "lines"), *again = json_object_get(answer, "again");

	MUST(!lines || json_is_true(lines));
	MUST(!again || json_is_object(again));
	MUST(!screen || json_is_string(screen));
	MUST(!file || json_string_length(json_object_get(file, "name")) > 0);
	return !!file + !!screen + !!lines + !!again;
}

static void check_answer(const char *text, size_t length)
{
	json_t *answer = json_loadb(text, length, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, NULL);
	json_int_t status = json_integer_value(json_object_get(answer, "status"));
	const json_t *out = json_object_get(answer, "stdout");

	MUST(length && memchr(text, '\n', length) == text + length - 1);
	MUST(json_is_object(answer) && json_object_size(answer) == 3 + wishes(answer));
	MUST(json_is_integer(json_object_get(answer, "status")) && status >= CP_CMD_DONE && status <= CP_CMD_USAGE);
	MUST(out && json_is_string(json_object_get(answer, "stderr")));
	// A failure says why.
	MUST(!status || json_string_length(json_object_get(answer, "stderr")) > 0);
	json_decref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evbuffer *answer = evbuffer_new();
	char *text = check_copy(data, size);
	uint64_t before = world->app.snapshot->generation;
	bool changed = false;

	if (!answer)
		exit(1);
	cp_api_run(&world->app, &load, text, size, answer, &changed);
	check_answer((const char *)evbuffer_pullup(answer, -1), evbuffer_get_length(answer));
	app_turn(world);
	MUST(changed || world->app.snapshot->generation == before);
	MUST(!cp_snapshot_check(world->app.snapshot, sizeof(*world->app.snapshot)));
	evbuffer_free(answer);
	free(text);
	return 0;
}
