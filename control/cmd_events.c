// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// events: what happened lately, and what happens from now on. A client that follows asks again for what came after the
// last event it has seen; poised keeps nothing for it.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "event_json.h"

#define SHOWN 50 // unless told
#define PAUSE_MS 250

struct request {
	uint64_t count;
	uint64_t after; // only those with a greater id
	bool follow;
	bool again; // not the first question
};

static bool number_of(const char *text, uint64_t *value)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*value = strtoull(text, &end, 10);
	return !*end;
}

static enum cp_cmd_status parse(struct cp_cmd *cmd, struct request *request)
{
	bool counted = false;

	for (int i = 1; i < cmd->argc; i++) {
		const char *word = cmd->argv[i];

		if (strcmp(word, "-f") == 0) {
			request->follow = true;
		} else if (strcmp(word, "--after") == 0) {
			request->again = true;
			if (!number_of(i + 1 < cmd->argc ? cmd->argv[++i] : NULL, &request->after))
				return cp_cmd_usage(cmd, "--after wants the id of an event");
		} else if (!counted) {
			counted = true;
			if (!number_of(word, &request->count) || !request->count || request->count > CP_EVENTS)
				return cp_cmd_usage(cmd, "\"%.40s\" is not a number from 1 to %d", word, CP_EVENTS);
		} else {
			return cp_cmd_usage(cmd, "\"%.40s\" is one word too many; see `poisectl help events`", word);
		}
	}
	if (request->again && !counted)
		request->count = CP_EVENTS;
	return CP_CMD_DONE;
}

static void show(struct cp_cmd *cmd, const struct cp_event *event, json_t *rows)
{
	char when[CP_EVENT_TIME_SIZE];

	evbuffer_add_printf(cmd->out, "%s %-7s %s [%s]\n", cp_event_time(event->time_ms, when), event->level,
			    event->text, event->kind);
	json_array_append_new(rows, cp_event_json(event, NULL));
}

// Ids begin anew with poised: one that is not there yet means all.
static uint64_t first_of(const struct request *request, uint64_t last)
{
	uint64_t after = request->after > last ? 0 : request->after;

	return last - after > request->count ? last - request->count + 1 : after + 1;
}

static enum cp_cmd_status finish(struct cp_cmd *cmd, const struct request *request, json_t *rows, uint64_t last)
{
	if (request->follow) {
		cmd->lines = true;
		cmd->again_ms = PAUSE_MS;
		cmd->again = json_pack("[sss o]", "events", "-f", "--after", json_sprintf("%" PRIu64, last));
		return cp_cmd_give(cmd, rows);
	}
	if (!json_array_size(rows))
		evbuffer_add_printf(cmd->out, "no event yet\n");
	return cp_cmd_give(cmd, json_pack("{so sI}", "events", rows, "last", (json_int_t)last));
}

enum cp_cmd_status cp_cmd_events(struct cp_cmd *cmd)
{
	struct request request = {.count = SHOWN};
	enum cp_cmd_status status = parse(cmd, &request);
	uint64_t last = cp_event_last(), first;
	json_t *rows;

	if (status != CP_CMD_DONE)
		return status;
	rows = json_array();
	first = first_of(&request, last);
	for (uint64_t id = first; id <= last; id++) {
		const struct cp_event *event = cp_event_get(id);

		if (event)
			show(cmd, event, rows);
	}
	if (request.again && request.after < first - 1)
		evbuffer_add_printf(cmd->err, "%" PRIu64 " events were overwritten before they could be read\n",
				    first - 1 - request.after);
	return finish(cmd, &request, rows, last);
}
