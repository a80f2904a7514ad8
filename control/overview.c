// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "overview.h"

#include <string.h>

#include "cmd_json.h"
#include "event_json.h"
#include "view.h"

#define EVENTS 25 // the last ones

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

// Rows as the verbs make them, but of one moment, and without the text that nobody reads here.
static int add_rows(const struct cp_app *app, json_t *overview)
{
	json_t *services = json_array(), *backends = json_array();
	struct cp_view view;
	int error = cp_view_make(app, &view);

	for (uint32_t i = 0; !error && i < view.services_count; i++)
		error |= json_array_append_new(services, cp_json_service(&view.services[i]));
	for (uint32_t i = 0; !error && i < view.backends_count; i++)
		error |= json_array_append_new(backends, cp_json_backend(&view.backends[i]));
	cp_view_fini(&view);
	error |= json_object_set_new(overview, "services", services);
	return error | json_object_set_new(overview, "backends", backends);
}

static json_t *events_json(void)
{
	uint64_t last = cp_event_last();
	json_t *rows = json_array();

	for (uint64_t id = last > EVENTS ? last - EVENTS + 1 : 1; id <= last; id++) {
		const struct cp_event *event = cp_event_get(id);

		if (event)
			json_array_append_new(rows, cp_event_json(event, NULL));
	}
	return rows;
}

json_t *cp_overview_json(struct cp_app *app, const struct cp_load *load)
{
	json_t *overview = json_object(), *counters = answer(app, load, "counters");
	json_t *rows = json_object_get(counters, "counters");
	int error = json_object_set_new(overview, "status", answer(app, load, "status"));

	error |= add_rows(app, overview);
	// Without a dataplane there are no counters yet.
	error |= json_object_set_new(overview, "counters", rows ? json_incref(rows) : json_array());
	error |= json_object_set_new(overview, "events", events_json());
	json_decref(counters);
	if (!error)
		return overview;
	json_decref(overview);
	return NULL;
}
