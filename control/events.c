// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "events.h"

#include <stdio.h>
#include <time.h>

static struct {
	struct cp_event ring[CP_EVENTS];
	uint64_t last;
} events;

uint64_t cp_event_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

const struct cp_event *cp_event_add(const char *level, const char *kind, const struct cp_log_subject *subject,
				    const char *text)
{
	struct cp_event *event = &events.ring[++events.last % CP_EVENTS];

	event->id = events.last;
	event->time_ms = cp_event_now_ms();
	event->level = level;
	event->kind = kind;
	copy(event->service, sizeof(event->service), subject ? subject->service : NULL);
	copy(event->backend, sizeof(event->backend), subject ? subject->backend : NULL);
	copy(event->role, sizeof(event->role), subject ? subject->role : NULL);
	copy(event->text, sizeof(event->text), text);
	return event;
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
