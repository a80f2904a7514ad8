// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "bpf_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 200u
#define BEGIN "BEGIN PROG LOAD LOG --\n"
#define END "-- END PROG LOAD LOG"

static struct {
	char warning[LINE_SIZE];
	char lines[CP_BPF_LOG_LINES][LINE_SIZE]; // a ring
	size_t count;				 // ever written
	char reason[LINE_SIZE];
} said;

void cp_bpf_log_begin(void)
{
	memset(&said, 0, sizeof(said));
}

// Its own statistics come after the reason.
static int is_statistics(const char *line)
{
	return !strncmp(line, "processed ", 10) || !strncmp(line, "verification time", 17) ||
	       !strncmp(line, "stack depth", 11);
}

static void keep_line(const char *line, size_t length)
{
	char *kept = said.lines[said.count % CP_BPF_LOG_LINES];

	if (!length)
		return;
	snprintf(kept, LINE_SIZE, "%.*s", length < LINE_SIZE ? (int)length : (int)LINE_SIZE - 1, line);
	said.count++;
	if (!is_statistics(kept))
		memcpy(said.reason, kept, LINE_SIZE);
}

static void keep_verifier(const char *text)
{
	const char *end = strstr(text, END);
	size_t left = end ? (size_t)(end - text) : strlen(text);

	said.count = 0; // libbpf tries again with more room for the log
	while (left) {
		const char *newline = memchr(text, '\n', left);
		size_t length = newline ? (size_t)(newline - text) : left;

		keep_line(text, length);
		length += newline ? 1 : 0;
		text += length;
		left -= length;
	}
}

int cp_bpf_log_print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char *text = NULL;
	const char *log;

	if (level != LIBBPF_WARN || vasprintf(&text, format, arguments) < 0)
		return 0;
	log = strstr(text, BEGIN);
	if (log)
		keep_verifier(log + strlen(BEGIN));
	else
		snprintf(said.warning, LINE_SIZE, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
	return 0;
}

const char *cp_bpf_log_reason(void)
{
	return said.reason[0] ? said.reason : said.warning;
}

void cp_bpf_log_each(void (*each)(void *context, const char *line), void *context)
{
	size_t first = said.count > CP_BPF_LOG_LINES ? said.count - CP_BPF_LOG_LINES : 0;

	for (size_t i = first; i < said.count; i++)
		each(context, said.lines[i % CP_BPF_LOG_LINES]);
}
