// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See log.h.
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

static bool json; // set before there is a second thread

// One object a line, with the members that poised's log has (docs/json.md). What JSON would not take becomes '?'.
static void json_line(const char *kind, const char *level, const char *text, size_t length)
{
	struct timespec now;
	struct tm parts;
	char when[32], line[1024];
	size_t used = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &parts);
	for (size_t i = 0; i < length && used < sizeof(line) - 2; i++) {
		if (text[i] == '"' || text[i] == '\\')
			line[used++] = '\\';
		line[used++] = text[i] >= ' ' && text[i] < 127 ? text[i] : '?';
	}
	fprintf(stderr, "{\"id\":0,\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"kind\":\"%s\",\"service\":null,"
			"\"backend\":null,\"role\":null,\"text\":\"%.*s\"}\n",
		when, now.tv_nsec / 1000000, level, kind, (int)used, line);
}

static ssize_t take_lines(void *cookie, const char *text, size_t size)
{
	const char *end = text + size;

	(void)cookie;
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((stop ? stop : end) - text);

		if (length)
			json_line("dpdk", "warning", text, length);
		text += length + 1;
	}
	return (ssize_t)size;
}

void dp_log_json(void)
{
	json = true;
}

FILE *dp_log_stream(void)
{
	FILE *stream = json ? fopencookie(NULL, "w", (cookie_io_functions_t){ .write = take_lines }) : NULL;

	if (stream)
		setvbuf(stream, NULL, _IOLBF, BUFSIZ);
	return stream;
}

void dp_log(const char *format, ...)
{
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (json)
		json_line("dataplane-says", "info", line, strlen(line));
	else
		fprintf(stderr, "poise-dataplane: %s\n", line);
}

int dp_fail(struct dp_error *error, int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return code;
}
