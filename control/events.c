// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "events.h"

#include <stdio.h>
#include <time.h>

static struct {
	struct cp_event ring[CP_EVENTS];
	uint64_t last;
} events;

void cp_event_add(const char *level, const char *kind, const char *text)
{
	struct cp_event *event = &events.ring[++events.last % CP_EVENTS];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	event->id = events.last;
	event->time_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	event->level = level;
	event->kind = kind;
	snprintf(event->text, sizeof(event->text), "%s", text);
}

uint64_t cp_event_last(void)
{
	return events.last;
}

const struct cp_event *cp_event_get(uint64_t id)
{
	const struct cp_event *event = &events.ring[id % CP_EVENTS];

	return id && event->id == id ? event : NULL;
}
