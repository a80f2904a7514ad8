// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <jansson.h>

#include "events.h"

#define LIMIT_IDS 64
#define LIMIT_LINES 20
#define LIMIT_SECONDS 10

static struct {
	enum cp_log_format format;
	bool syslog;
	struct {
		const char *id; // a literal, so the address tells it
		time_t since;
		unsigned int lines;
		unsigned int held;
	} limits[LIMIT_IDS];
} state;

static const char *const level_names[] = {"error", "warning", "info"};
static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO};

void cp_log_format(enum cp_log_format format)
{
	state.format = format;
}

void cp_log_to_syslog(void)
{
	openlog("poised", LOG_PID, LOG_DAEMON);
	state.syslog = true;
}

static void write_json(enum cp_log_level level, const char *id, const char *text)
{
	struct timespec now;
	struct tm broken;
	char when[40], full[64];
	json_t *object;
	char *line;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &broken);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &broken);
	snprintf(full, sizeof(full), "%s.%03ldZ", when, now.tv_nsec / 1000000);
	object = json_pack("{ss ss ss ss}", "time", full, "level", level_names[level], "id", id, "text",
			   text);
	line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!line) { // not UTF-8, or no memory: the event still counts
		fprintf(stderr, "{\"level\":\"%s\",\"id\":\"%s\"}\n", level_names[level], id);
		return;
	}
	fprintf(stderr, "%s\n", line);
	free(line);
}

static void write_line(enum cp_log_level level, const char *id, const char *prefix, const char *text)
{
	if (state.syslog)
		syslog(priorities[level], "%s [%s]", text, id);
	else if (state.format == CP_LOG_JSON)
		write_json(level, id, text);
	else
		fprintf(stderr, "%s%s\n", prefix, text);
}

// May a line of this id be written now? Tells how many were held back before.
static bool admit(const char *id, unsigned int *held)
{
	struct timespec now;
	size_t slot = ((size_t)id >> 3) % LIMIT_IDS;

	*held = 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (state.limits[slot].id != id || now.tv_sec - state.limits[slot].since >= LIMIT_SECONDS) {
		*held = state.limits[slot].id == id ? state.limits[slot].held : 0;
		state.limits[slot].id = id;
		state.limits[slot].since = now.tv_sec;
		state.limits[slot].lines = 0;
		state.limits[slot].held = 0;
	}
	if (state.limits[slot].lines < LIMIT_LINES) {
		state.limits[slot].lines++;
		return true;
	}
	state.limits[slot].held++;
	return false;
}

void cp_log(enum cp_log_level level, const char *id, const char *format, ...)
{
	char text[1024], line[1100];
	unsigned int held;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	cp_event_add(level_names[level], id, text);
	if (!admit(id, &held))
		return;
	if (held)
		snprintf(line, sizeof(line), "%s (%u like it were not shown)", text, held);
	else
		snprintf(line, sizeof(line), "%s", text);
	write_line(level, id, level == CP_LOG_INFO ? "poised: " :
			      level == CP_LOG_WARNING ? "poised: warning: " : "poised: error: ", line);
}

void cp_log_report(const char *id, const struct cp_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		write_line(CP_LOG_ERROR, id, "",
			   report->lines && report->lines[i] ? report->lines[i] : "out of memory");
}
