// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "event_json.h"

#include <stdio.h>
#include <time.h>

#include "cmd_json.h"

const char *cp_event_time(uint64_t time_ms, char *text)
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm broken;
	size_t length;

	gmtime_r(&seconds, &broken);
	length = strftime(text, CP_EVENT_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &broken);
	snprintf(text + length, CP_EVENT_TIME_SIZE - length, ".%03uZ", (unsigned)(time_ms % 1000));
	return text;
}

json_t *cp_event_json(const struct cp_event *event, const char *text)
{
	char when[CP_EVENT_TIME_SIZE];

	return json_pack("{sI ss ss ss so so so so}", "id", (json_int_t)event->id, "time",
			 cp_event_time(event->time_ms, when), "level", event->level, "kind", event->kind, "service",
			 cp_json_text(event->service), "backend", cp_json_text(event->backend), "role",
			 cp_json_text(event->role), "text", cp_json_text(text ? text : event->text));
}
