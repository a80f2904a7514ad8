// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What one source may have of a service: exactly its limit and not more, given back however a flow ends, and neither
// lost nor wrongly used up when a great many others come.
#include <poise/expire.h>

#include "world.h"

#define ALL_SHARDS UINT64_MAX
#define START_MS 5000u

static void limit(struct world *world, uint32_t a_second, uint32_t flows)
{
	world->snapshot->vips[0].source_interval = a_second ? POISE_SOURCE_WINDOW / a_second : 0;
	world->snapshot->vips[0].source_flows = flows;
}

static int enter(struct world *world, uint32_t client, uint32_t now_ms)
{
	return poise_source_enter(&world->table, &world->snapshot->vips[0], POISE_BE32(client), 0, now_ms);
}

// How many of `tries` are let in at that moment.
static uint32_t let_in(struct world *world, uint32_t client, uint32_t tries, uint32_t now_ms)
{
	uint32_t count = 0;

	while (tries--)
		count += enter(world, client, now_ms) == POISE_FORWARDED;
	return count;
}

// Sum over all cells of one row; 0 when every flow was given back.
static uint32_t counted(const struct world *world, uint32_t row)
{
	uint32_t first = poise_source_first(&world->table), sum = 0;
	uint32_t lines = (world->table.bucket_first - first) / POISE_SOURCE_ROWS;

	for (uint32_t line = first + row * lines; line < first + (row + 1) * lines; line++) {
		const struct poise_source_line *cells = POISE_TABLE_LINE(&world->table, line);

		for (uint32_t i = 0; i < POISE_SOURCE_CELLS; i++)
			sum += cells->cells[i].flows;
	}
	return sum;
}

static int within(uint32_t value, uint32_t least, uint32_t more)
{
	if (value >= least && value <= least + more)
		return 1;
	fprintf(stderr, "%u is not within %u and %u more\n", value, least, more);
	return 0;
}

static void rate(void)
{
	static const uint32_t rates[] = {1, 2, 3, 7, 100, 999, 1000, 4096, 10000};

	for (size_t i = 0; i < POISE_COUNT(rates); i++) {
		uint32_t most = rates[i], total = 0, over = most / 200; // intervals are rounded down
		struct world world;

		world_init(&world, 1, POISE_NAT_DNAT, 1000);
		limit(&world, most, 0);
		// A second's worth at once, then nothing, and another source is not concerned.
		CU_ASSERT(within(let_in(&world, WORLD_CLIENT, 2 * most, START_MS), most, over));
		CU_ASSERT_EQUAL(let_in(&world, WORLD_CLIENT + 1, most, START_MS), most);
		CU_ASSERT_EQUAL(enter(&world, WORLD_CLIENT, START_MS), POISE_SOURCE_RATE);
		// Over ten seconds of more tries than allowed: the rate, to within a hundredth.
		for (uint32_t ms = 1; ms <= 10000; ms++)
			total += let_in(&world, WORLD_CLIENT, most / 500 + 1, START_MS + ms);
		CU_ASSERT(within(total, 10 * most, 10 * over + 1));
		// After a rest all of a second's worth again.
		CU_ASSERT(within(let_in(&world, WORLD_CLIENT, 2 * most, START_MS + 11100), most, over));
		world_fini(&world);
	}
}

// The clock's own wrap is after 49 days, that of the cells after 70 minutes. An old time limits nobody.
static void clock_wraps(void)
{
	struct world world;

	world_init(&world, 1, POISE_NAT_DNAT, 1000);
	limit(&world, 5, 0);
	CU_ASSERT_EQUAL(let_in(&world, WORLD_CLIENT, 9, UINT32_MAX - 100), 5);
	CU_ASSERT_EQUAL(let_in(&world, WORLD_CLIENT, 9, UINT32_MAX - 100 + 200), 1);
	CU_ASSERT_EQUAL(let_in(&world, WORLD_CLIENT, 9, 1000), 5 - 1);
	for (uint32_t minutes = 1; minutes < 200; minutes++)
		CU_ASSERT(let_in(&world, WORLD_CLIENT, 1, 5000 + minutes * 60000) == 1);
	for (uint32_t hours = 4; hours < 400; hours += 7)
		CU_ASSERT_EQUAL(let_in(&world, WORLD_CLIENT, 9, hours * 3600000), 5);
	// A writer whose clock lies a little behind does not get more.
	CU_ASSERT_EQUAL(let_in(&world, WORLD_CLIENT, 9, 396 * 3600000 - 4), 0);
	world_fini(&world);
}

static void flows_come_and_go(enum poise_nat nat)
{
	struct world world;
	__u32 numbers[8], number;

	world_init(&world, 2, nat, 1000);
	limit(&world, 0, 8);
	for (uint16_t i = 0; i < 8; i++)
		CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, (uint16_t)(1000 + i), ALL_SHARDS, &numbers[i]),
				POISE_FORWARDED);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 2000, ALL_SHARDS, &number), POISE_SOURCE_FLOWS);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT + 1, 2000, ALL_SHARDS, &number), POISE_FORWARDED);
	CU_ASSERT_EQUAL(counted(&world, 0), 9);
	CU_ASSERT_EQUAL(counted(&world, 1), 9);
	poise_flow_remove(&world.table, poise_record(&world.table, numbers[3]), numbers[3]);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 2000, ALL_SHARDS, &numbers[3]), POISE_FORWARDED);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 2001, ALL_SHARDS, &number), POISE_SOURCE_FLOWS);
	// The limit goes while its flows live: they are given back all the same, and those made now are not counted.
	limit(&world, 0, 0);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 2002, ALL_SHARDS, &number), POISE_FORWARDED);
	CU_ASSERT_EQUAL(counted(&world, 0), 9);
	poise_flow_remove(&world.table, poise_record(&world.table, number), number);
	for (uint32_t i = 0; i < 8; i++)
		poise_flow_remove(&world.table, poise_record(&world.table, numbers[i]), numbers[i]);
	CU_ASSERT_EQUAL(counted(&world, 0), 1);
	CU_ASSERT_EQUAL(counted(&world, 1), 1);
	world_fini(&world);
}

static void flows_come_and_go_dnat(void)
{
	flows_come_and_go(POISE_NAT_DNAT);
}

static void flows_come_and_go_full(void)
{
	flows_come_and_go(POISE_NAT_FULL);
}

// A flow that cannot be made costs its source nothing.
static void refund(void)
{
	struct world world;
	__u32 number, made = 0;

	world_init(&world, 1, POISE_NAT_FULL, 1000);
	world.snapshot->snat[0].last_port = 1033; // ten ports
	limit(&world, 1000, 1000);
	for (uint16_t port = 1; port <= 50; port++)
		made += world_connect(&world, WORLD_CLIENT, port, ALL_SHARDS, &number) == POISE_FORWARDED;
	CU_ASSERT_EQUAL(made, 10);
	CU_ASSERT_EQUAL(counted(&world, 0), 10);
	CU_ASSERT_EQUAL(counted(&world, 1), 10);
	CU_ASSERT_EQUAL(let_in(&world, WORLD_CLIENT, 2000, 1000), 1000 - 10);
	world_fini(&world);
	world_init(&world, 1, POISE_NAT_DNAT, 64);
	limit(&world, 0, 100000);
	made = 0;
	for (uint32_t port = 1; port <= 20000; port++)
		made += world_connect(&world, WORLD_CLIENT, (uint16_t)port, ALL_SHARDS, &number) == POISE_FORWARDED;
	CU_ASSERT(made < 20000); // the table is full
	CU_ASSERT_EQUAL(counted(&world, 0), made);
	world.snapshot->vips[0].slot_count = 0;
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 1, ALL_SHARDS, &number), POISE_NO_BACKEND);
	CU_ASSERT_EQUAL(counted(&world, 0), made);
	world_fini(&world);
}

// A mishap that counted a flow away that was none must not lock a source out for good.
static void below_zero(void)
{
	struct world world;

	world_init(&world, 1, POISE_NAT_DNAT, 1000);
	limit(&world, 0, 3);
	poise_source_leave(&world.table, POISE_BE32(WORLD_CLIENT), 0);
	CU_ASSERT_EQUAL(let_in(&world, WORLD_CLIENT, 9, START_MS), 4);
	world_fini(&world);
}

// Millions of others: the limited source stays limited, and nearly no honest one is refused. The table is of the
// default size, half full of flows of sources with one flow each.
static void crowd(void)
{
	const uint32_t others = 1u << 19, honest = 20000, most = 32;
	uint32_t refused = 0;
	struct world world;

	world_init(&world, 1, POISE_NAT_DNAT, 1u << 20);
	limit(&world, 0, most);
	CU_ASSERT_EQUAL(let_in(&world, WORLD_CLIENT, 2 * most, START_MS), most);
	for (uint32_t i = 0; i < others; i++)
		enter(&world, 0x10000000 + i * 2654435761u % 0x10000000, START_MS);
	CU_ASSERT_EQUAL(enter(&world, WORLD_CLIENT, START_MS), POISE_SOURCE_FLOWS);
	for (uint32_t i = 0; i < honest; i++)
		for (uint32_t flow = 0; flow < 6; flow++) // as a browser opens
			refused += enter(&world, 0x40000000 + i * 7919, START_MS) != POISE_FORWARDED;
	CU_ASSERT(refused <= honest * 6 / 10000);
	if (refused > honest * 6 / 10000)
		fprintf(stderr, "%u of %u honest flows refused\n", refused, honest * 6);
	world_fini(&world);
}

// A thousand attackers at their limit: two cells in a row must be theirs before an honest source is refused.
static void attackers(void)
{
	const uint32_t honest = 100000, most = 100;
	uint32_t refused = 0;
	struct world world;

	world_init(&world, 1, POISE_NAT_DNAT, 1u << 20);
	limit(&world, 0, most);
	for (uint32_t i = 0; i < 1000; i++)
		CU_ASSERT(let_in(&world, 0x10000000 + i * 65537, most, START_MS) == most);
	for (uint32_t i = 0; i < honest; i++)
		refused += enter(&world, 0x40000000 + i * 7919, START_MS) != POISE_FORWARDED;
	CU_ASSERT(refused <= honest / 2000);
	world_fini(&world);
}

static const struct check_case cases[] = {
	{"the rate", rate},
	{"clocks that wrap", clock_wraps},
	{"flows come and go, DNAT", flows_come_and_go_dnat},
	{"flows come and go, full NAT", flows_come_and_go_full},
	{"what is not made is given back", refund},
	{"below zero", below_zero},
	{"half a million others", crowd},
	{"a thousand attackers", attackers},
};

CHECK_MAIN("source_limit", cases)
