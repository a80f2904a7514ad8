// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Which sources a service serves, and how much of it they may have.
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "diff_note.h"

#define NAMED 4 // prefixes of a list that are named; of more only the number is told

struct note {
	char text[160];
	size_t used;
	uint32_t count;
};

static void add(struct note *note, char sign, const struct cp_prefix *prefix)
{
	if (note->count++ < NAMED && note->used < sizeof(note->text))
		note->used += (size_t)snprintf(note->text + note->used, sizeof(note->text) - note->used, "%s%c%s",
					       note->used ? ", " : "", sign, cp_prefix_text(prefix).text);
}

// Both lists are sorted.
static void diff_list(const char *service, const char *name, const struct cp_prefixes *before,
		      const struct cp_prefixes *after, struct cp_diff *diff)
{
	struct note note = { .text = "" };
	char more[40] = "";

	for (uint32_t i = 0, j = 0; i < before->count || j < after->count;) {
		int which = -1;

		if (i == before->count)
			which = 1;
		else if (j < after->count)
			which = cp_prefix_order(&before->items[i], &after->items[j]);
		if (which < 0)
			add(&note, '-', &before->items[i]);
		else if (which > 0)
			add(&note, '+', &after->items[j]);
		i += which <= 0;
		j += which >= 0;
	}
	if (!note.count)
		return;
	if (note.count > NAMED)
		snprintf(more, sizeof(more), " and %u more", note.count - NAMED);
	cp_diff_note(diff, false, "service %s: %s %s%s", service, name, note.text, more);
}

static void diff_limit(const char *service, const char *name, uint32_t before, uint32_t after, struct cp_diff *diff)
{
	if (before != after)
		cp_diff_note(diff, false, "service %s: %s %u -> %u", service, name, before, after);
}

void cp_diff_access(const struct cp_service *before, const struct cp_service *after, struct cp_diff *diff)
{
	diff_list(after->name, "allow", &before->access.allow, &after->access.allow, diff);
	diff_list(after->name, "deny", &before->access.deny, &after->access.deny, diff);
	diff_limit(after->name, "new_flows_per_source_s", before->new_flows_per_source_s,
		   after->new_flows_per_source_s, diff);
	diff_limit(after->name, "flows_per_source", before->flows_per_source, after->flows_per_source, diff);
}
