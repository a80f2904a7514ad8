// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff_note.h"

void cp_diff_note(struct cp_diff *diff, bool restart, const char *format, ...)
{
	struct cp_change *items;
	va_list arguments;
	char *text = NULL;
	int length;

	diff->restart |= restart;
	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	items = length < 0 ? NULL : realloc(diff->items, (diff->count + 1) * sizeof(*items));
	if (!items) {
		if (length >= 0)
			free(text);
		diff->failed = true;
		return;
	}
	diff->items = items;
	diff->items[diff->count++] = (struct cp_change){ .text = text, .restart = restart };
}

bool cp_diff_text(const char *before, const char *after)
{
	if (!before || !after)
		return before != after;
	return strcmp(before, after);
}

void cp_diff(const struct cp_config *before, const struct cp_config *after, struct cp_diff *diff)
{
	static const struct cp_config nothing;

	memset(diff, 0, sizeof(*diff));
	if (before) {
		cp_diff_process(before, after, diff);
		cp_diff_ports(before, after, diff);
		cp_diff_ha(before, after, diff);
		cp_diff_neighbors(before, after, diff);
		cp_diff_firewall(before, after, diff);
	}
	cp_diff_services(before ? before : &nothing, after, diff);
}

void cp_diff_fini(struct cp_diff *diff)
{
	for (size_t i = 0; i < diff->count; i++)
		free(diff->items[i].text);
	free(diff->items);
	memset(diff, 0, sizeof(*diff));
}

// Append "N WORDs VERB" when N is not 0.
static void count(FILE *out, bool *first, size_t number, const char *word, const char *verb)
{
	if (!number)
		return;
	fprintf(out, "%s%zu %s%s %s", *first ? "" : ", ", number, word, number == 1 ? "" : "s", verb);
	*first = false;
}

char *cp_diff_summary(const struct cp_diff *diff)
{
	size_t objects = (size_t)diff->services_added + diff->services_removed + diff->backends_added +
			 diff->backends_removed;
	bool first = true, listed = false;
	char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		return NULL;
	count(out, &first, diff->services_added, "service", "added");
	count(out, &first, diff->services_removed, "service", "removed");
	count(out, &first, diff->backends_added, "backend", "added");
	count(out, &first, diff->backends_removed, "backend", "removed");
	if (diff->count > objects)
		count(out, &first, diff->count - objects, "setting", "changed");
	if (first)
		fputs("no change", out);
	for (size_t i = 0; i < diff->count; i++) {
		if (!diff->items[i].restart)
			continue;
		fprintf(out, "%s%s", listed ? ", " : "; restart needed for ", diff->items[i].text);
		listed = true;
	}
	if (fclose(out)) {
		free(line);
		return NULL;
	}
	return line;
}
