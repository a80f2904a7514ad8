// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Reads a vector file step by step; the format is told in tests/lib/vec.py. For every runner in C.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VECTOR_FRAME 2048u
#define VECTOR_EVENTS 4u
#define VECTOR_TEXT 128u

struct vector_frame {
	uint8_t bytes[VECTOR_FRAME];
	uint32_t length;
};

struct vector_step {
	char scenario[VECTOR_TEXT], text[VECTOR_TEXT];
	char in_port[VECTOR_TEXT], out_port[VECTOR_TEXT]; // out_port: empty when nothing leaves
	char verdict[VECTOR_TEXT], events[VECTOR_EVENTS][VECTOR_TEXT];
	uint32_t events_count;
	uint32_t time_ms;
	struct vector_frame in, out;
};

struct vector_reader {
	FILE *file;
	const char *name;
	unsigned int line;
	char next[VECTOR_TEXT], scenario[VECTOR_TEXT]; // text of the step that comes, empty before the first
	uint32_t flows;				       // at the end of the file
};

static inline void vector_fail(const struct vector_reader *reader, const char *text)
{
	fprintf(stderr, "%s:%u: %s\n", reader->name, reader->line, text);
	exit(2);
}

static inline void vector_text(char *out, const char *text)
{
	snprintf(out, VECTOR_TEXT, "%s", text);
}

static inline void vector_hex(const struct vector_reader *reader, struct vector_frame *frame,
			      const char *text)
{
	unsigned int value;

	for (; *text; text++) {
		if (*text == ' ')
			continue;
		if (frame->length == VECTOR_FRAME || sscanf(text, "%2x", &value) != 1 || !text[1])
			vector_fail(reader, "not hexadecimal, or too long");
		frame->bytes[frame->length++] = (uint8_t)value;
		text++;
	}
}

// One line of a step. Returns 0 when the step is over (the line began the next one).
static inline int vector_line(struct vector_reader *reader, struct vector_step *step, char *line,
			      int *outward)
{
	char *rest = strchr(line, ' ');

	if (line[0] == ' ') {
		vector_hex(reader, *outward ? &step->out : &step->in, line);
		return 1;
	}
	if (!rest)
		vector_fail(reader, "a word without anything behind it");
	*rest++ = 0;
	if (!strcmp(line, "step")) {
		vector_text(reader->next, rest);
		return 0;
	}
	if (!strcmp(line, "scenario"))
		vector_text(reader->scenario, rest);
	else if (!strcmp(line, "time"))
		step->time_ms = (uint32_t)strtoul(rest, NULL, 10);
	else if (!strcmp(line, "in"))
		vector_text(step->in_port, rest);
	else if (!strcmp(line, "verdict"))
		vector_text(step->verdict, rest);
	else if (!strcmp(line, "event") && step->events_count < VECTOR_EVENTS)
		vector_text(step->events[step->events_count++], rest);
	else if (!strcmp(line, "out"))
		vector_text(step->out_port, rest);
	else if (!strcmp(line, "flows"))
		reader->flows = (uint32_t)strtoul(rest, NULL, 10);
	else if (strcmp(line, "config"))
		vector_fail(reader, "unknown word");
	*outward = !strcmp(line, "out");
	return 1;
}

// The next step. Returns 0 at the end of the file.
static inline int vector_read(struct vector_reader *reader, struct vector_step *step)
{
	char line[256], scenario[VECTOR_TEXT];
	int outward = 0, begun = reader->next[0] != 0;

	memset(step, 0, sizeof(*step));
	vector_text(step->text, reader->next);
	vector_text(scenario, reader->scenario);
	reader->next[0] = 0;
	while (fgets(line, sizeof(line), reader->file)) {
		reader->line++;
		line[strcspn(line, "\n")] = 0;
		if (!line[0] || line[0] == '#' || vector_line(reader, step, line, &outward))
			continue;
		if (begun)
			break;
		// Before the first step there is only the head of the file.
		memset(step, 0, sizeof(*step));
		vector_text(step->text, reader->next);
		vector_text(scenario, reader->scenario);
		reader->next[0] = 0;
		begun = 1;
	}
	vector_text(step->scenario, scenario);
	return begun;
}
