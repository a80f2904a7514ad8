// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <poise/base.h>

#include "table_text.h"

#define GAP 2
#define COLUMNS_MAX 16
#define WRAP_LEAST 24 // narrower text is not readable: such lines are longer

static struct {
	unsigned columns;
	bool colors;
} terminal;

void cp_text_terminal(unsigned columns, bool colors)
{
	terminal.columns = columns;
	terminal.colors = colors;
}

static const char *scaled(uint64_t value, uint32_t base, const char *const *units, size_t units_count,
			  char *text)
{
	double scaled = (double)value;
	size_t unit = 0;

	// 999.5 would be printed as 1000.
	while (scaled >= base - 0.5 && unit + 1 < units_count) {
		scaled /= base;
		unit++;
	}
	snprintf(text, CP_TEXT_CELL, "%.*f%s", unit && scaled < 99.95 ? 1 : 0, scaled, units[unit]);
	return text;
}

const char *cp_text_count(uint64_t value, char *text)
{
	static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};

	if (value < 1000000) {
		snprintf(text, CP_TEXT_CELL, "%" PRIu64, value);
		return text;
	}
	return scaled(value, 1000, units, sizeof(units) / sizeof(units[0]), text);
}

const char *cp_text_bytes(uint64_t value, char *text)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

	return scaled(value, 1024, units, sizeof(units) / sizeof(units[0]), text);
}

const char *cp_text_duration(uint64_t seconds, char *text)
{
	if (seconds >= 86400)
		snprintf(text, CP_TEXT_CELL, "%" PRIu64 "d %uh", seconds / 86400,
			 (unsigned)(seconds % 86400 / 3600));
	else if (seconds >= 3600)
		snprintf(text, CP_TEXT_CELL, "%uh %um", (unsigned)(seconds / 3600),
			 (unsigned)(seconds % 3600 / 60));
	else if (seconds >= 60)
		snprintf(text, CP_TEXT_CELL, "%um %us", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
	else
		snprintf(text, CP_TEXT_CELL, "%us", (unsigned)seconds);
	return text;
}

static const char *cell(const struct cp_text_column *column, const json_t *row, char *text)
{
	const json_t *value = json_object_get(row, column->key);
	uint64_t number;

	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_boolean(value))
		return json_is_true(value) ? "yes" : "no";
	if (json_is_real(value)) {
		snprintf(text, CP_TEXT_CELL, "%.1f", json_real_value(value));
		return text;
	}
	if (!json_is_integer(value))
		return column->kind == CP_TEXT_PROSE ? "" : "-";
	number = (uint64_t)json_integer_value(value);
	if (column->kind == CP_TEXT_COUNT)
		return cp_text_count(number, text);
	if (column->kind == CP_TEXT_BYTES)
		return cp_text_bytes(number, text);
	snprintf(text, CP_TEXT_CELL, "%" PRId64, (int64_t)number);
	return text;
}

static void measure(const struct cp_text_column *columns, size_t count, const json_t *rows, size_t *widths,
		    bool *numbers)
{
	char text[CP_TEXT_CELL];
	const json_t *row;
	size_t at;

	for (size_t i = 0; i < count; i++) {
		widths[i] = strlen(columns[i].title);
		numbers[i] = false;
		json_array_foreach(rows, at, row)
		{
			size_t width = strlen(cell(&columns[i], row, text));

			numbers[i] |= json_is_number(json_object_get(row, columns[i].key));
			if (width > widths[i])
				widths[i] = width;
		}
	}
}

// How much of `text` goes into a line of `room` characters: up to the last blank that fits, else all of a
// word that is too long.
static size_t fitting(const char *text, size_t room)
{
	size_t length = strlen(text), cut = room;

	if (length <= room)
		return length;
	while (cut && text[cut] != ' ')
		cut--;
	return cut ? cut : strcspn(text, " ");
}

void cp_text_wrap(struct evbuffer *out, const char *text, size_t indent)
{
	size_t room = indent + WRAP_LEAST < CP_TEXT_WIDTH ? CP_TEXT_WIDTH - indent : WRAP_LEAST;
	size_t length = fitting(text, room);

	evbuffer_add_printf(out, "%.*s\n", (int)length, text);
	for (text += length; *(text += strspn(text, " ")); text += length) {
		length = fitting(text, room);
		evbuffer_add_printf(out, "%*s%.*s\n", (int)indent, "", (int)length, text);
	}
}

// The colour of a state, NULL for none.
static const char *color_of(const struct cp_text_column *column, const char *value)
{
	static const struct {
		const char *word, *color;
	} colors[] = {
		{"up", "32"},	   {"ok", "32"},      {"down", "31"},	{"wrong", "31"},  {"draining", "33"},
		{"note", "33"},	   {"standby", "36"}, {"unknown", "33"}, {"disabled", "2"}, {"removed", "2"},
	};

	for (size_t i = 0; terminal.colors && strcmp(column->key, "state") == 0 && i < POISE_COUNT(colors); i++)
		if (strcmp(colors[i].word, value) == 0)
			return colors[i].color;
	return NULL;
}

// Spaces are written only when something follows them, so that no line ends in blanks.
static void line(struct evbuffer *out, const struct cp_text_column *columns, size_t count, const json_t *row,
		 const size_t *widths, const bool *numbers)
{
	char text[CP_TEXT_CELL];
	size_t used = 0, blanks = 0;

	for (size_t i = 0; i < count; i++) {
		const char *value = row ? cell(&columns[i], row, text) : columns[i].title;
		size_t length = strlen(value);
		const char *color;

		if (numbers[i])
			blanks += widths[i] - length;
		if (length)
			evbuffer_add_printf(out, "%*s", (int)blanks, "");
		if (row && length && columns[i].kind == CP_TEXT_PROSE) {
			cp_text_wrap(out, value, used);
			return;
		}
		color = row ? color_of(&columns[i], value) : NULL;
		if (color)
			evbuffer_add_printf(out, "\033[%sm%s\033[0m", color, value);
		else
			evbuffer_add(out, value, length);
		if (length)
			blanks = 0;
		blanks += (numbers[i] ? 0 : widths[i] - length) + GAP;
		used += widths[i] + GAP;
	}
	evbuffer_add(out, "\n", 1);
}

// Which columns there is room for: how many, copied to `chosen`.
static size_t choose(const struct cp_text_column *columns, size_t count, const size_t *widths,
		     struct cp_text_column *chosen)
{
	size_t used = 0, spare = count;
	bool out[COLUMNS_MAX] = {false};

	for (size_t i = 0; i < count; i++)
		used += columns[i].kind == CP_TEXT_PROSE ? GAP : widths[i] + GAP;
	while (spare-- > 0 && terminal.columns && used > terminal.columns + GAP) {
		out[spare] = columns[spare].spare;
		used -= out[spare] ? widths[spare] + GAP : 0;
	}
	for (size_t i = spare = 0; i < count; i++)
		if (!out[i])
			chosen[spare++] = columns[i];
	return spare;
}

void cp_text_table(struct evbuffer *out, const struct cp_text_column *columns, size_t columns_count,
		   const json_t *rows)
{
	struct cp_text_column chosen[COLUMNS_MAX];
	size_t widths[COLUMNS_MAX], count;
	bool numbers[COLUMNS_MAX];
	const json_t *row;
	size_t at;

	if (!json_array_size(rows) || columns_count > COLUMNS_MAX)
		return;
	measure(columns, columns_count, rows, widths, numbers);
	count = choose(columns, columns_count, widths, chosen);
	if (count < columns_count)
		measure(chosen, count, rows, widths, numbers);
	line(out, chosen, count, NULL, widths, numbers);
	json_array_foreach(rows, at, row) line(out, chosen, count, row, widths, numbers);
}

// Characters that are seen, without the sequences for colours.
static size_t visible(const char *text, size_t length)
{
	size_t seen = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\033')
			i += strcspn(text + i, "m");
		else
			seen += ((unsigned char)text[i] & 0xc0) != 0x80;
	}
	return seen;
}

static void fit_line(struct evbuffer *out, const char *text, size_t length)
{
	size_t indent = 0;

	while (visible(text, length) + indent > terminal.columns) {
		size_t cut = terminal.columns - indent, least = strspn(text, " ") + 1;

		while (cut > least && text[cut] != ' ')
			cut--;
		if (text[cut] != ' ') // a word that is longer than a line
			break;
		evbuffer_add_printf(out, "%*s%.*s\n", (int)indent, "", (int)cut, text);
		text += cut + 1;
		length -= cut + 1;
		indent = 4;
	}
	evbuffer_add_printf(out, "%*s%.*s\n", (int)indent, "", (int)length, text);
}

void cp_text_fit(struct evbuffer *out)
{
	struct evbuffer *fit;
	char *text;
	size_t length;

	if (terminal.columns < WRAP_LEAST)
		return;
	fit = evbuffer_new();
	while (fit && (text = evbuffer_readln(out, &length, EVBUFFER_EOL_LF))) {
		fit_line(fit, text, length);
		free(text);
	}
	if (!fit)
		return;
	evbuffer_prepend_buffer(out, fit); // before what does not end in a newline
	evbuffer_free(fit);
}
