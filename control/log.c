// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "log.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <jansson.h>

#include "event_json.h"
#include "events.h"
#include "log_limit.h"

static const char *const ids[] = {
#define CP_MESSAGE(id, levels, meaning, remedy) id,
#include "messages.def"
#undef CP_MESSAGE
	"", // what stands in no list shares one limit
};

#define IDS (sizeof(ids) / sizeof(ids[0]))

static struct {
	enum cp_log_format format;
	bool syslog;
	struct {
		struct cp_log_limit limit;
		enum cp_log_level level; // of the last line that was suppressed
	} kinds[IDS];
} state;

static const char *const level_names[] = {"error", "warning", "info"};
static const char *const prefixes[] = {"poised: error: ", "poised: warning: ", "poised: "};
static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO};

void cp_log_format(enum cp_log_format format)
{
	state.format = format;
}

bool cp_log_is_json(void)
{
	return state.format == CP_LOG_JSON;
}

void cp_log_to_syslog(void)
{
	openlog("poised", LOG_PID, LOG_DAEMON);
	state.syslog = true;
}

static size_t index_of(const char *id)
{
	size_t i = 0;

	while (i < IDS - 1 && strcmp(ids[i], id) != 0)
		i++;
	return i;
}

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

// Takes over `object`.
static void write_json(enum cp_log_level level, json_t *object)
{
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	const char *text = line ? line : "{\"level\":\"error\",\"kind\":\"\",\"text\":\"out of memory\"}";

	if (state.syslog)
		syslog(priorities[level], "%s", text);
	else
		fprintf(stderr, "%s\n", text);
	free(line);
	json_decref(object);
}

static void write_line(enum cp_log_level level, const struct cp_event *event, const char *prefix, const char *text)
{
	if (state.format == CP_LOG_JSON)
		write_json(level, cp_event_json(event, text));
	else if (state.syslog)
		syslog(priorities[level], "%s [%s]", text, event->kind);
	else
		fprintf(stderr, "%s%s\n", prefix, text);
}

// One line about those that were not written.
static void sum_up(enum cp_log_level level, const char *id, uint32_t held)
{
	struct cp_event event = {.level = level_names[level], .kind = id};
	json_t *object;

	event.time_ms = cp_event_now_ms();
	snprintf(event.text, sizeof(event.text), "%u more suppressed", held);
	if (state.format == CP_LOG_JSON) {
		object = cp_event_json(&event, NULL);
		if (object)
			json_object_set_new(object, "suppressed", json_integer(held));
		write_json(level, object);
		return;
	}
	snprintf(event.text, sizeof(event.text), "%s: %u more suppressed, see `poisectl events`", id, held);
	write_line(level, &event, prefixes[level], event.text);
}

static bool admit(enum cp_log_level level, const char *id)
{
	size_t i = index_of(id);
	int64_t now = now_s();
	uint32_t held;

	if (cp_log_limit_over(&state.kinds[i].limit, now, &held))
		sum_up(state.kinds[i].level, id, held);
	if (cp_log_limit_admit(&state.kinds[i].limit, now))
		return true;
	state.kinds[i].level = level;
	return false;
}

static void emit(const struct cp_log_subject *subject, enum cp_log_level level, const char *id, const char *format,
		 va_list arguments)
{
	const struct cp_event *event;
	char text[1024];

	vsnprintf(text, sizeof(text), format, arguments);
	event = cp_event_add(level_names[level], id, subject, text);
	if (admit(level, id))
		write_line(level, event, prefixes[level], text);
}

void cp_log(enum cp_log_level level, const char *id, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit(NULL, level, id, format, arguments);
	va_end(arguments);
}

void cp_log_about(const struct cp_log_subject *subject, enum cp_log_level level, const char *id,
		  const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	emit(subject, level, id, format, arguments);
	va_end(arguments);
}

// Not held back: somebody waits for all of them, and a file has an end.
void cp_log_report(const char *id, const struct cp_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		const char *text = report->lines && report->lines[i] ? report->lines[i] : "out of memory";

		write_line(CP_LOG_ERROR, cp_event_add("error", id, NULL, text), "", text);
	}
}

void cp_log_tick(void)
{
	int64_t now = now_s();
	uint32_t held;

	for (size_t i = 0; i < IDS; i++)
		if (cp_log_limit_over(&state.kinds[i].limit, now, &held))
			sum_up(state.kinds[i].level, ids[i], held);
}
