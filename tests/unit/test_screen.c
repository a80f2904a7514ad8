// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What `poisectl top` makes of two overviews in a row.
#include "check.h"
#include "screen/rows.h"

static json_t *overview(double uptime, int web1, int web2, const char *state2)
{
	return json_pack("{s{sf s{si}} s[{ss ss si si si si si si}] s[{ss ss ss ss si si si si sf}"
			 "{ss ss ss ss si si si si}]}",
			 "status", "uptime_s", uptime, "packets", "dropped", web1, "services", "service",
			 "web", "endpoint", "1.1.1.1:80", "backends_up", 1, "backends_total", 2,
			 "flows_active", 3, "flows_total", web1 + web2, "bytes_in", 0, "bytes_out", 0,
			 "backends", "service", "web", "backend", "web1", "endpoint", "2.2.2.1:80", "state",
			 "up", "flows_active", 1, "flows_total", web1, "bytes_in", web1 * 100, "bytes_out", 0,
			 "check_ms", 1.5, "service", "web", "backend", "web2", "endpoint", "2.2.2.2:80",
			 "state", state2, "flows_active", 2, "flows_total", web2, "bytes_in", 0, "bytes_out",
			 0);
}

static void rates_come_with_the_second(void)
{
	struct screen_rows rows = {0};

	CU_ASSERT_EQUAL(screen_rows_update(&rows, overview(10, 100, 7, "down"), SCREEN_ORDER_FILE), 0);
	CU_ASSERT_EQUAL_FATAL(rows.count, 3);
	CU_ASSERT_TRUE(rows.rows[0].service && !rows.rows[1].service);
	CU_ASSERT_STRING_EQUAL(rows.rows[0].state, "1/2 up");
	CU_ASSERT_TRUE(rows.rows[1].made < 0);
	CU_ASSERT_EQUAL(screen_rows_update(&rows, overview(12, 120, 7, "down"), SCREEN_ORDER_FILE), 0);
	CU_ASSERT_EQUAL(rows.rows[0].made, 10);
	CU_ASSERT_EQUAL(rows.rows[1].made, 10);
	CU_ASSERT_EQUAL(rows.rows[1].bits_in, 8000);
	CU_ASSERT_EQUAL(rows.rows[1].check_ms, 1.5);
	CU_ASSERT_EQUAL(rows.rows[2].made, 0);
	CU_ASSERT_TRUE(rows.rows[2].check_ms < 0);
	CU_ASSERT_EQUAL(screen_rate(&rows, "packets", "dropped"), 10);
	// a poised that started anew: nothing to compare with
	CU_ASSERT_EQUAL(screen_rows_update(&rows, overview(1, 5, 7, "up"), SCREEN_ORDER_FILE), 0);
	CU_ASSERT_TRUE(rows.rows[1].made < 0);
	CU_ASSERT_TRUE(screen_rate(&rows, "packets", "dropped") < 0);
	screen_rows_fini(&rows);
}

static void orders(void)
{
	struct screen_rows rows = {0};

	screen_rows_update(&rows, overview(10, 100, 7, "down"), SCREEN_ORDER_FILE);
	screen_rows_update(&rows, overview(11, 120, 7, "down"), SCREEN_ORDER_FLOWS);
	CU_ASSERT_STRING_EQUAL(rows.rows[1].name, "web2");
	screen_rows_sort(&rows, SCREEN_ORDER_NEW);
	CU_ASSERT_STRING_EQUAL(rows.rows[1].name, "web1");
	screen_rows_sort(&rows, SCREEN_ORDER_STATE);
	CU_ASSERT_STRING_EQUAL(rows.rows[1].name, "web2");
	screen_rows_sort(&rows, SCREEN_ORDER_BITS);
	CU_ASSERT_STRING_EQUAL(rows.rows[1].name, "web1");
	screen_rows_sort(&rows, SCREEN_ORDER_FILE);
	CU_ASSERT_STRING_EQUAL(rows.rows[1].name, "web1");
	CU_ASSERT_STRING_EQUAL(rows.rows[0].name, "web");
	screen_rows_fini(&rows);
}

static void what_is_no_overview_changes_nothing(void)
{
	struct screen_rows rows = {0};

	CU_ASSERT_EQUAL(screen_rows_update(&rows, NULL, SCREEN_ORDER_FILE), -1);
	screen_rows_update(&rows, overview(10, 100, 7, "up"), SCREEN_ORDER_FILE);
	CU_ASSERT_EQUAL(screen_rows_update(&rows, json_string("x"), SCREEN_ORDER_FILE), -1);
	CU_ASSERT_EQUAL(screen_rows_update(&rows, json_pack("{s{}}", "services"), SCREEN_ORDER_FILE), -1);
	CU_ASSERT_EQUAL(rows.count, 3);
	CU_ASSERT_EQUAL(screen_rows_update(&rows,
					   json_pack("{s{} sn s[n i]}", "status", "services", "backends", 1),
					   SCREEN_ORDER_FILE),
			0);
	CU_ASSERT_EQUAL(rows.count, 0);
	screen_rows_fini(&rows);
}

static void numbers(void)
{
	char text[SCREEN_CELL];

	CU_ASSERT_STRING_EQUAL(screen_count(-1, text), "-");
	CU_ASSERT_STRING_EQUAL(screen_count(0, text), "0");
	CU_ASSERT_STRING_EQUAL(screen_count(12.34, text), "12.3");
	CU_ASSERT_STRING_EQUAL(screen_count(999, text), "999");
	CU_ASSERT_STRING_EQUAL(screen_count(1234, text), "1.2k");
	CU_ASSERT_STRING_EQUAL(screen_count(123456, text), "123k");
	CU_ASSERT_STRING_EQUAL(screen_count(1.5e9, text), "1.5G");
}

static const struct check_case cases[] = {
	{"rates come with the second overview", rates_come_with_the_second},
	{"orders", orders},
	{"what is no overview changes nothing", what_is_no_overview_changes_nothing},
	{"numbers", numbers},
};

CHECK_MAIN("screen", cases)
