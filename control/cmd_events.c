// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// events: what happened lately.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cmd.h"
#include "cmd_json.h"
#include "events.h"

#define SHOWN 50 // unless told

static json_t *event_json(const struct cp_event *event)
{
	time_t seconds = (time_t)(event->time_ms / 1000);
	char when[40], full[48];
	struct tm broken;

	gmtime_r(&seconds, &broken);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &broken);
	snprintf(full, sizeof(full), "%s.%03uZ", when, (unsigned)(event->time_ms % 1000));
	return json_pack("{sI ss ss ss so}", "id", (json_int_t)event->id, "time", full, "level", event->level, "kind",
			 event->kind, "text", cp_json_text(event->text));
}

enum cp_cmd_status cp_cmd_events(struct cp_cmd *cmd)
{
	uint64_t last = cp_event_last(), count = SHOWN;
	json_t *rows;
	char *end;

	if (cmd->argc > 1) {
		count = strtoul(cmd->argv[1], &end, 10);
		if (*cmd->argv[1] < '0' || *cmd->argv[1] > '9' || *end || !count || count > CP_EVENTS)
			return cp_cmd_usage(cmd, "\"%.40s\" is not a number from 1 to %d", cmd->argv[1], CP_EVENTS);
	}
	rows = json_array();
	for (uint64_t id = last > count ? last - count + 1 : 1; id <= last; id++) {
		const struct cp_event *event = cp_event_get(id);
		json_t *row = event ? event_json(event) : NULL;

		if (!row)
			continue;
		evbuffer_add_printf(cmd->out, "%s %-7s %s [%s]\n", json_string_value(json_object_get(row, "time")),
				    event->level, event->text, event->kind);
		json_array_append_new(rows, row);
	}
	if (!json_array_size(rows))
		evbuffer_add_printf(cmd->out, "no event yet\n");
	return cp_cmd_give(cmd, json_pack("{so sI}", "events", rows, "last", (json_int_t)last));
}
