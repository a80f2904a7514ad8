// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define TEXT_MAX 600 // one line for a person, not a copy of the file

static char no_memory[] = "out of memory";
static char *no_memory_lines[] = { no_memory };

// The array grows at powers of two, so its capacity follows from the count.
static void append(struct cp_report *report, char *line)
{
	char **lines = report->lines;

	if (lines == no_memory_lines) {
		if (line != no_memory)
			free(line);
		return;
	}
	if (!(report->count & (report->count - 1))) {
		lines = realloc(lines, (report->count ? 2 * report->count : 1) * sizeof(*lines));
		if (!lines) {
			if (line != no_memory)
				free(line);
			if (!report->count) {
				report->lines = no_memory_lines;
				report->count = 1;
			}
			return;
		}
		report->lines = lines;
	}
	lines[report->count++] = line;
}

void cp_report_add(struct cp_report *report, const char *file, int line, const char *format, ...)
{
	char text[TEXT_MAX], *whole = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	// Values are quoted from the input; a terminal or a log must not be steered by them.
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	if (!file)
		length = asprintf(&whole, "%s", text);
	else if (line > 0)
		length = asprintf(&whole, "%s:%d: %s", file, line, text);
	else
		length = asprintf(&whole, "%s: %s", file, text);
	append(report, length < 0 ? no_memory : whole);
}

void cp_report_move(struct cp_report *report, struct cp_report *from)
{
	for (size_t i = 0; i < from->count; i++) {
		append(report, from->lines[i]);
		from->lines[i] = no_memory;
	}
	cp_report_fini(from);
}

void cp_report_fini(struct cp_report *report)
{
	if (report->lines != no_memory_lines) {
		for (size_t i = 0; i < report->count; i++)
			if (report->lines[i] != no_memory)
				free(report->lines[i]);
		free(report->lines);
	}
	report->lines = NULL;
	report->count = 0;
}

struct placed {
	char *text;
	long line;
	size_t order;
};

static int compare(const void *left, const void *right)
{
	const struct placed *a = left, *b = right;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

void cp_report_sort(struct cp_report *report, const char *file)
{
	size_t prefix = strlen(file);
	struct placed *all;

	if (report->count < 2)
		return;
	all = malloc(report->count * sizeof(*all));
	if (!all)
		return; // unsorted is still complete
	for (size_t i = 0; i < report->count; i++) {
		char *text = report->lines[i];

		all[i].text = text;
		all[i].order = i;
		all[i].line = 0;
		if (!strncmp(text, file, prefix) && text[prefix] == ':' && text[prefix + 1] != ' ')
			all[i].line = strtol(text + prefix + 1, NULL, 10);
	}
	qsort(all, report->count, sizeof(*all), compare);
	for (size_t i = 0; i < report->count; i++)
		report->lines[i] = all[i].text;
	free(all);
}
