// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "metrics_text.h"

// In help texts only backslash and newline are special, in label values the quote is too.
static void escaped(struct evbuffer *out, const char *text, bool quoted)
{
	while (*text) {
		size_t plain = strcspn(text, quoted ? "\\\n\"" : "\\\n");

		evbuffer_add(out, text, plain);
		text += plain;
		if (!*text)
			return;
		evbuffer_add(out, "\\", 1);
		evbuffer_add(out, *text == '\n' ? "n" : text, 1);
		text++;
	}
}

void cp_metrics_family(struct evbuffer *out, const char *name, const char *type, const char *help)
{
	evbuffer_add_printf(out, "# HELP %s ", name);
	escaped(out, help, false);
	evbuffer_add_printf(out, "\n# TYPE %s %s\n", name, type);
}

static void head(struct evbuffer *out, const char *name, const struct cp_label *labels)
{
	evbuffer_add(out, name, strlen(name));
	if (!labels || !labels->name)
		return;
	for (const struct cp_label *label = labels; label->name; label++) {
		evbuffer_add_printf(out, "%c%s=\"", label == labels ? '{' : ',', label->name);
		escaped(out, label->value, true);
		evbuffer_add(out, "\"", 1);
	}
	evbuffer_add(out, "}", 1);
}

void cp_metrics_count(struct evbuffer *out, const char *name, const struct cp_label *labels, uint64_t value)
{
	head(out, name, labels);
	evbuffer_add_printf(out, " %" PRIu64 "\n", value);
}

void cp_metrics_real(struct evbuffer *out, const char *name, const struct cp_label *labels, double value)
{
	// Whole numbers keep all their digits.
	bool whole = value >= 0 && value < 9007199254740992.0 && value == (double)(uint64_t)value;

	head(out, name, labels);
	if (whole)
		evbuffer_add_printf(out, " %" PRIu64 "\n", (uint64_t)value);
	else
		evbuffer_add_printf(out, " %.9g\n", value);
}
