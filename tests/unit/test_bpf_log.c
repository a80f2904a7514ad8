// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Of a verifier's log the last lines and the reason are kept, whatever its length.
#include <string.h>

#include "bpf_log.h"
#include "check.h"

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	cp_bpf_log_print(LIBBPF_WARN, format, arguments);
	va_end(arguments);
}

struct seen {
	unsigned int lines;
	char first[64];
	char last[64];
};

static void see(void *context, const char *line)
{
	struct seen *seen = context;

	if (!seen->lines++)
		snprintf(seen->first, sizeof(seen->first), "%.63s", line);
	snprintf(seen->last, sizeof(seen->last), "%.63s", line);
}

static void nothing_said(void)
{
	struct seen seen = {0};

	cp_bpf_log_begin();
	cp_bpf_log_each(see, &seen);
	CU_ASSERT_EQUAL(seen.lines, 0);
	CU_ASSERT_STRING_EQUAL(cp_bpf_log_reason(), "");
	say("libbpf: no such map\nand more");
	CU_ASSERT_STRING_EQUAL(cp_bpf_log_reason(), "libbpf: no such map");
}

static void last_lines(void)
{
	struct seen seen = {0};
	char log[4000] = "";
	size_t used = 0;

	for (int i = 0; i < 100; i++)
		used += (size_t)sprintf(log + used, "%d: (b7) r0 = 0\n", i);
	cp_bpf_log_begin();
	say("prog 'x': BPF program load failed: Permission denied\n");
	say("prog 'x': -- BEGIN PROG LOAD LOG --\n%sR0 leaks addr\n\nprocessed 7 insns\n-- END PROG LOAD LOG --\n", log);
	say("failed to load object\n");
	cp_bpf_log_each(see, &seen);
	CU_ASSERT_EQUAL(seen.lines, CP_BPF_LOG_LINES);
	CU_ASSERT_STRING_EQUAL(seen.first, "90: (b7) r0 = 0");
	CU_ASSERT_STRING_EQUAL(seen.last, "processed 7 insns");
	CU_ASSERT_STRING_EQUAL(cp_bpf_log_reason(), "R0 leaks addr");
	cp_bpf_log_begin();
	CU_ASSERT_STRING_EQUAL(cp_bpf_log_reason(), "");
}

static void odd_logs(void)
{
	struct seen seen = {0};

	cp_bpf_log_begin();
	say("-- BEGIN PROG LOAD LOG --\n%0500d\nno end", 7); // a line too long, and no last newline
	cp_bpf_log_each(see, &seen);
	CU_ASSERT_EQUAL(seen.lines, 2);
	CU_ASSERT_STRING_EQUAL(cp_bpf_log_reason(), "no end");
	say("-- BEGIN PROG LOAD LOG --\nagain\n-- END PROG LOAD LOG --\n");
	seen.lines = 0;
	cp_bpf_log_each(see, &seen);
	CU_ASSERT_EQUAL(seen.lines, 1); // the second attempt takes the place of the first
}

static const struct check_case cases[] = {
	{"nothing said", nothing_said}, {"last lines", last_lines}, {"odd logs", odd_logs}};

CHECK_MAIN("bpf_log", cases)
