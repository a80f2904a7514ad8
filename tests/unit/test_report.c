// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "check.h"
#include "report.h"

static void places(void)
{
	struct cp_report report = {0};

	cp_report_add(&report, "a.conf", 7, "%s is %d, choose 1", "workers", 99);
	cp_report_add(&report, "a.conf", 0, "no ports");
	cp_report_add(&report, NULL, 0, "out of memory");
	CU_ASSERT_EQUAL_FATAL(report.count, 3);
	CU_ASSERT_STRING_EQUAL(report.lines[0], "a.conf:7: workers is 99, choose 1");
	CU_ASSERT_STRING_EQUAL(report.lines[1], "a.conf: no ports");
	CU_ASSERT_STRING_EQUAL(report.lines[2], "out of memory");
	cp_report_fini(&report);
	CU_ASSERT_EQUAL(report.count, 0);
	cp_report_fini(&report);
}

static void one_line_each(void)
{
	struct cp_report report = {0};
	char *text = check_memory(5000);

	memset(text, 'x', 4999);
	cp_report_add(&report, "a.conf", 1, "two\nlines \x1b[31m\x7f, \xc3\xa4");
	cp_report_add(&report, "a.conf", 1, "%s", text);
	CU_ASSERT_STRING_EQUAL(report.lines[0], "a.conf:1: two?lines ?[31m?, \xc3\xa4");
	CU_ASSERT(strlen(report.lines[1]) < 700);
	cp_report_fini(&report);
	free(text);
}

static void sorted_by_line(void)
{
	struct cp_report report = {0};

	for (int i = 0; i < 1000; i++)
		cp_report_add(&report, "dir/a:b.conf", (i * 37) % 100, "%d", i);
	cp_report_sort(&report, "dir/a:b.conf");
	CU_ASSERT_EQUAL_FATAL(report.count, 1000);
	for (size_t i = 0; i < 1000; i++) {
		long line = strtol(report.lines[i] + strlen("dir/a:b.conf:"), NULL, 10);

		// Lines without a number (0) come first.
		CU_ASSERT_EQUAL(report.lines[i][strlen("dir/a:b.conf:")] == ' ', i < 10);
		if (i >= 10)
			CU_ASSERT_EQUAL(line, (long)(i / 10));
	}
	CU_ASSERT_STRING_EQUAL(report.lines[0], "dir/a:b.conf: 0");
	CU_ASSERT_STRING_EQUAL(report.lines[1], "dir/a:b.conf: 100"); // equals keep their order
	cp_report_fini(&report);
}

static void moved(void)
{
	struct cp_report report = {0}, more = {0};

	cp_report_add(&report, "a", 1, "one");
	for (int i = 0; i < 5; i++)
		cp_report_add(&more, "b", i + 1, "more");
	cp_report_move(&report, &more);
	CU_ASSERT_EQUAL(report.count, 6);
	CU_ASSERT_EQUAL(more.count, 0);
	CU_ASSERT_STRING_EQUAL(report.lines[5], "b:5: more");
	cp_report_fini(&report);
	cp_report_fini(&more);
}

static const struct check_case cases[] = {
	{ "places", places },
	{ "one line each", one_line_each },
	{ "sorted by line", sorted_by_line },
	{ "moved", moved },
};

CHECK_MAIN("report", cases)
