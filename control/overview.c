// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "overview.h"

#include <string.h>

static const char *const verbs[] = {"status", "services", "backends", "counters"};

static json_t *answer(struct cp_app *app, const struct cp_load *load, const char *verb)
{
	const char *argv[] = {verb, NULL};
	struct cp_cmd cmd = {.app = app, .load = load, .argc = 1, .argv = argv, .json = true};

	cmd.out = evbuffer_new();
	cmd.err = evbuffer_new();
	if (cmd.out && cmd.err)
		cp_cmd_run(&cmd);
	if (cmd.out)
		evbuffer_free(cmd.out);
	if (cmd.err)
		evbuffer_free(cmd.err);
	return cmd.document;
}

json_t *cp_overview_part(struct cp_app *app, const struct cp_load *load, const char *verb)
{
	for (size_t i = 0; i < POISE_COUNT(verbs); i++)
		if (strcmp(verb, verbs[i]) == 0)
			return answer(app, load, verb);
	return NULL;
}

// `status` is the document itself, the others are its only key.
json_t *cp_overview_json(struct cp_app *app, const struct cp_load *load)
{
	json_t *overview = json_object();

	for (size_t i = 0; overview && i < POISE_COUNT(verbs); i++) {
		json_t *document = answer(app, load, verbs[i]);
		json_t *rows = json_object_get(document, verbs[i]);
		bool whole = strcmp(verbs[i], "status") == 0;

		if (json_object_set(overview, verbs[i], whole ? document : rows)) {
			json_decref(overview);
			overview = NULL;
		}
		json_decref(document);
	}
	return overview;
}
