// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Tables and lines on a terminal: what can be spared is left out, the rest is broken at blanks, states have colours.
#include "check.h"
#include "table_text.h"

static const struct cp_text_column columns[] = {
	{"NAME", "name", CP_TEXT_PLAIN},
	{"STATE", "state", CP_TEXT_PLAIN},
	{"FIRST", "first", CP_TEXT_PLAIN, true},
	{"SECOND", "second", CP_TEXT_PLAIN, true},
};

static struct evbuffer *out;
static char said[512];

static const char *text(void)
{
	int length = evbuffer_remove(out, said, sizeof(said) - 1);

	said[length > 0 ? length : 0] = 0;
	return said;
}

static const char *table(unsigned terminal, bool colors)
{
	json_t *rows = json_pack("[{ss ss si si}]", "name", "web1", "state", "up", "first", 1, "second", 2);

	cp_text_terminal(terminal, colors);
	cp_text_table(out, columns, 4, rows);
	json_decref(rows);
	return text();
}

static void spare_columns(void)
{
	CU_ASSERT_STRING_EQUAL(table(0, false), "NAME  STATE  FIRST  SECOND\nweb1  up         1       2\n");
	CU_ASSERT_STRING_EQUAL(table(26, false), "NAME  STATE  FIRST  SECOND\nweb1  up         1       2\n");
	CU_ASSERT_STRING_EQUAL(table(25, false), "NAME  STATE  FIRST\nweb1  up         1\n");
	CU_ASSERT_STRING_EQUAL(table(17, false), "NAME  STATE\nweb1  up\n");
	CU_ASSERT_STRING_EQUAL(table(3, false), "NAME  STATE\nweb1  up\n"); // names are never left out
}

static void colors(void)
{
	CU_ASSERT_STRING_EQUAL(table(17, true), "NAME  STATE\nweb1  \033[32mup\033[0m\n");
}

static const char *fit(unsigned terminal, const char *line)
{
	cp_text_terminal(terminal, false);
	evbuffer_add_printf(out, "%s", line);
	cp_text_fit(out);
	return text();
}

static void long_lines(void)
{
	CU_ASSERT_STRING_EQUAL(fit(0, "one two three four five six seven\n"), "one two three four five six seven\n");
	CU_ASSERT_STRING_EQUAL(fit(24, "one two three four five six seven\nshort\n"),
			       "one two three four five\n    six seven\nshort\n");
	CU_ASSERT_STRING_EQUAL(fit(24, "a-word-that-is-longer-than-the-line and more\n"),
			       "a-word-that-is-longer-than-the-line and more\n");
	CU_ASSERT_STRING_EQUAL(fit(24, "exactly as long as it is\n"), "exactly as long as it is\n");
	CU_ASSERT_STRING_EQUAL(fit(24, "\033[32mtwenty-four\033[0m characters\n"),
			       "\033[32mtwenty-four\033[0m characters\n");
	CU_ASSERT_STRING_EQUAL(fit(24, "no newline at the end"), "no newline at the end");
}

static int start(void)
{
	out = evbuffer_new();
	return out ? 0 : 1;
}

static void all(void)
{
	CU_ASSERT_EQUAL_FATAL(start(), 0);
	spare_columns();
	colors();
	long_lines();
	evbuffer_free(out);
	cp_text_terminal(0, false);
}

static const struct check_case cases[] = {
	{ "a terminal", all },
};

CHECK_MAIN("table_text", cases)
