// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Aligned text tables for people, made from the JSON that programs get, so that both say the same.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/buffer.h>
#include <jansson.h>

#define CP_TEXT_WIDTH 80

enum cp_text_kind {
	CP_TEXT_PLAIN, // strings as they are, whole numbers
	CP_TEXT_COUNT, // numbers of seven digits and more are scaled: 12.3M
	CP_TEXT_BYTES, // 1.2 KiB
	CP_TEXT_PROSE, // last column: goes on in lines below so that CP_TEXT_WIDTH is kept. Names are never
		       // cut.
};

struct cp_text_column {
	const char *title;
	const char *key; // of each row; a missing key or null is shown as "-", in prose as nothing
	enum cp_text_kind kind;
	bool spare; // left out, the last of them first, when the lines do not fit into the terminal
};

// For whom the text is, until the next call: the width of a terminal (0: none, nothing is left out), and whether the
// words of a column `state` have colours.
void cp_text_terminal(unsigned columns, bool colors);

// Break the lines of `out` that do not fit into the terminal, at blanks.
void cp_text_fit(struct evbuffer *out);

// One line of titles and one for each object of `rows`. Numbers stand to the right. Does nothing when
// `rows` is empty.
void cp_text_table(struct evbuffer *out, const struct cp_text_column *columns, size_t columns_count,
		   const json_t *rows);

// Words of `text` in lines of at most CP_TEXT_WIDTH - `indent` characters, each line but the first behind
// `indent` blanks; ends with a newline.
void cp_text_wrap(struct evbuffer *out, const char *text, size_t indent);

#define CP_TEXT_CELL 24
// A number in few characters. Returns `text`, a buffer of CP_TEXT_CELL bytes.
const char *cp_text_count(uint64_t value, char *text);
const char *cp_text_bytes(uint64_t value, char *text);
// "3d 4h", "5m 12s", "8s".
const char *cp_text_duration(uint64_t seconds, char *text);
