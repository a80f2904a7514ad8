// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The reader of the trace ring against a ring that is written here: whole packets, half ones, and a writer that is
// faster than the reader or ends in the middle.
#include "app_world.h"
#include "trace_read.h"

static const struct poise_table *table;

static void put(uint64_t position, enum poise_trace_side side, uint8_t mark, bool complete)
{
	struct poise_trace_record *record = POISE_TABLE_LINE(table, poise_trace_line(table, position));

	memset(record, 0, sizeof(*record));
	record->side = (uint8_t)side;
	record->captured = 60;
	record->length = 1500;
	memset(record + 1, mark, 60);
	if (complete)
		record->sequence = position + 1;
	poise_trace_head(table)->next = position + 1;
}

static void packets_are_read_in_order(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	struct cp_trace_packet packet;
	uint64_t position = 0, missed = 0;

	table = &world->app.flows.table;
	CU_ASSERT_EQUAL(cp_trace_next(&world->app.flows, &position, &missed, &packet), CP_TRACE_WAIT);
	put(0, POISE_TRACE_IN, 0x11, true);
	put(1, POISE_TRACE_OUT, 0x22, true);
	put(2, POISE_TRACE_IN, 0x33, true);
	CU_ASSERT_EQUAL(cp_trace_next(&world->app.flows, &position, &missed, &packet), CP_TRACE_PACKET);
	CU_ASSERT(packet.left && packet.in_bytes[59] == 0x11 && packet.out_bytes[0] == 0x22);
	CU_ASSERT_EQUAL(packet.in.length, 1500);
	CU_ASSERT_EQUAL(cp_trace_next(&world->app.flows, &position, &missed, &packet), CP_TRACE_PACKET);
	CU_ASSERT(!packet.left && packet.in_bytes[0] == 0x33);
	CU_ASSERT_EQUAL(cp_trace_next(&world->app.flows, &position, &missed, &packet), CP_TRACE_WAIT);
	CU_ASSERT(position == 3 && missed == 0);
	app_free(world);
}

static void what_is_half_written_is_waited_for(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	struct cp_trace_packet packet;
	uint64_t position = 0, missed = 0;

	table = &world->app.flows.table;
	put(0, POISE_TRACE_IN, 1, true);
	put(1, POISE_TRACE_OUT, 2, false);
	CU_ASSERT_EQUAL(cp_trace_next(&world->app.flows, &position, &missed, &packet), CP_TRACE_WAIT);
	put(1, POISE_TRACE_OUT, 2, true);
	CU_ASSERT_EQUAL(cp_trace_next(&world->app.flows, &position, &missed, &packet), CP_TRACE_PACKET);
	CU_ASSERT(packet.left);
	put(2, POISE_TRACE_IN, 3, false); // and its writer dies
	for (uint64_t i = 3; i < 30; i++)
		put(i, POISE_TRACE_IN, 4, true);
	CU_ASSERT_EQUAL(cp_trace_next(&world->app.flows, &position, &missed, &packet), CP_TRACE_PACKET);
	CU_ASSERT(packet.in_bytes[0] == 4 && missed == 1);
	app_free(world);
}

static void a_slow_reader_misses_and_says_so(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	struct cp_trace_packet packet;
	uint64_t position = 0, missed = 0, read = 0;

	table = &world->app.flows.table;
	for (uint64_t i = 0; i < 3 * POISE_TRACE_RECORDS; i++)
		put(i, POISE_TRACE_IN, (uint8_t)i, true);
	while (cp_trace_next(&world->app.flows, &position, &missed, &packet) == CP_TRACE_PACKET)
		read++;
	CU_ASSERT_EQUAL(read, POISE_TRACE_RECORDS);
	CU_ASSERT_EQUAL(missed, 2 * POISE_TRACE_RECORDS);
	position = 1u << 30; // of a table that is gone
	CU_ASSERT_EQUAL(cp_trace_next(&world->app.flows, &position, &missed, &packet), CP_TRACE_WAIT);
	CU_ASSERT_EQUAL(position, 3 * POISE_TRACE_RECORDS);
	app_free(world);
}

static void what_is_wanted(void)
{
	struct poise_key in = {POISE_BE32(0xc6336407), POISE_BE32(0xcb00710a), POISE_BE16(40000), POISE_BE16(443)};
	struct poise_key out = {POISE_BE32(0x0a0a0001), POISE_BE32(0x0a0a000b), POISE_BE16(1024), POISE_BE16(8443)};
	struct poise_trace_control any = {.vip_index = POISE_NONE16, .backend_index = POISE_NONE16}, control = any;

	CU_ASSERT(poise_trace_wanted(&control, &in, &out, 1, 2, POISE_FORWARDED));
	control.drops = 1;
	CU_ASSERT(!poise_trace_wanted(&control, &in, &out, 1, 2, POISE_FORWARDED));
	CU_ASSERT(poise_trace_wanted(&control, &in, &in, 1, 2, POISE_NO_FLOW));
	control = any;
	control.vip_index = 2;
	CU_ASSERT(!poise_trace_wanted(&control, &in, &out, 1, 2, POISE_FORWARDED));
	control = any;
	control.backend_index = 2;
	CU_ASSERT(poise_trace_wanted(&control, &in, &out, 1, 2, POISE_FORWARDED));
	control = any;
	control.mask = POISE_BE32(0xffffffff);
	control.address = in.src;
	CU_ASSERT(poise_trace_wanted(&control, &in, &out, 1, 2, POISE_FORWARDED));
	CU_ASSERT(poise_trace_wanted(&control, &out, &in, 1, 2, POISE_FORWARDED));
	CU_ASSERT(!poise_trace_wanted(&control, &out, &out, 1, 2, POISE_FORWARDED));
	control.port = POISE_BE16(40001);
	CU_ASSERT(!poise_trace_wanted(&control, &in, &out, 1, 2, POISE_FORWARDED));
}

static const struct check_case cases[] = {
	{"packets are read in order", packets_are_read_in_order},
	{"what is half written is waited for", what_is_half_written_is_waited_for},
	{"a slow reader misses and says so", a_slow_reader_misses_and_says_so},
	{"what is wanted", what_is_wanted},
};

CHECK_MAIN("trace", cases)
