// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Expiry, eviction and taking over a table: flows go when their time is over and not before, half-open ones make
// room and established ones never, and nothing that a killed writer left is lost for good.
#include "recover.h"
#include "sweep.h"

#include "world.h"

#define ALL_SHARDS UINT64_MAX
#define HALF_OPEN_MS 30000u
#define ESTABLISHED_MS 7440000u
#define CLOSING_MS 240000u

static struct poise_stats_worker *stats; // of the one worker in these tests

static void begin(struct world *world, uint32_t max_flows)
{
	world_init(world, 2, POISE_NAT_DNAT, max_flows);
	world->snapshot->vips[0].timeout_ms[POISE_TIMEOUT_HALF_OPEN] = HALF_OPEN_MS;
	world->snapshot->vips[0].timeout_ms[POISE_TIMEOUT_ESTABLISHED] = ESTABLISHED_MS;
	world->snapshot->vips[0].timeout_ms[POISE_TIMEOUT_CLOSING] = CLOSING_MS;
	stats = aligned_alloc(POISE_LINE_SIZE, sizeof(*stats));
	if (!stats)
		exit(2);
	memset(stats, 0, sizeof(*stats));
}

static void end(struct world *world)
{
	free(stats);
	world_fini(world);
}

static uint32_t used(const struct world *world)
{
	uint32_t sum = 0;

	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		sum += poise_shard(&world->table, shard)->used;
	return sum;
}

static uint32_t half_open(const struct world *world)
{
	uint32_t sum = 0;

	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		sum += poise_shard(&world->table, shard)->half_open;
	return sum;
}

// As the worker counts it.
static __u32 connect_counted(struct world *world, uint32_t client, uint16_t port)
{
	__u32 number;

	CU_ASSERT_EQUAL(world_connect(world, client, port, ALL_SHARDS, &number), POISE_FORWARDED);
	stats->backends[poise_record(&world->table, number)->backend_index].flows_created++;
	return number;
}

static void set_state(struct world *world, __u32 number, enum poise_flow_state state)
{
	struct poise_flow *flow = poise_record(&world->table, number);

	if (poise_state_half_open((enum poise_flow_state)flow->state) && !poise_state_half_open(state))
		poise_half_open_add(&world->table, flow->shard, -1);
	flow->state = (__u8)state;
}

// A whole pass from `from_ms` on, by turns of a millisecond.
static uint32_t sweep_pass(struct world *world, uint32_t from_ms)
{
	struct dp_sweep sweep;
	uint32_t looked = 0;

	dp_sweep_init(&sweep, &world->table, ALL_SHARDS, from_ms);
	for (uint32_t ms = 1; ms <= DP_SWEEP_PASS_MS + 1; ms++)
		looked += dp_sweep_run(&sweep, &world->table, world->snapshot, stats, from_ms + ms, 64);
	return looked;
}

static void expires_in_time(void)
{
	static const struct {
		enum poise_flow_state state;
		uint32_t after_ms;
	} cases[] = {
		{ POISE_STATE_SYN_SENT, HALF_OPEN_MS },	  { POISE_STATE_SYN_RECEIVED, HALF_OPEN_MS },
		{ POISE_STATE_ESTABLISHED, ESTABLISHED_MS }, { POISE_STATE_FIN_CLIENT, CLOSING_MS },
		{ POISE_STATE_FIN_BACKEND, CLOSING_MS },  { POISE_STATE_CLOSING, CLOSING_MS },
		{ POISE_STATE_RESET, CLOSING_MS },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;
		struct poise_flow *flow;
		__u32 number;

		begin(&world, 1000);
		number = connect_counted(&world, WORLD_CLIENT, 4000);
		flow = poise_record(&world.table, number);
		set_state(&world, number, cases[i].state);
		// Across the wrap of the clock, which comes every 49 days.
		flow->last_seen_ms = 0xffffff00u;
		CU_ASSERT_FALSE(dp_flow_expired(flow, world.snapshot, 0xffffff00u - 5)); // another's clock
		CU_ASSERT_FALSE(dp_flow_expired(flow, world.snapshot, 0xffffff00u));
		CU_ASSERT_FALSE(dp_flow_expired(flow, world.snapshot, 0xffffff00u + cases[i].after_ms - 1));
		CU_ASSERT_TRUE(dp_flow_expired(flow, world.snapshot, 0xffffff00u + cases[i].after_ms));
		sweep_pass(&world, 0xffffff00u);
		CU_ASSERT_EQUAL(used(&world), 1);
		sweep_pass(&world, 0xffffff00u + cases[i].after_ms);
		CU_ASSERT_EQUAL(used(&world), 0);
		CU_ASSERT_EQUAL(half_open(&world), 0);
		CU_ASSERT_EQUAL(stats->counters[POISE_FLOW_EXPIRED], 1);
		CU_ASSERT_EQUAL(stats->backends[0].flows_removed, 1);
		end(&world);
	}
}

// A service that has left the configuration has no times any more; its flows live on by the defaults.
static void outlives_its_service(void)
{
	struct world world;
	__u32 number;

	begin(&world, 1000);
	number = connect_counted(&world, WORLD_CLIENT, 4000);
	set_state(&world, number, POISE_STATE_ESTABLISHED);
	memset(&world.snapshot->vips[0], 0, sizeof(world.snapshot->vips[0]));
	sweep_pass(&world, 100000);
	CU_ASSERT_EQUAL(used(&world), 1);
	sweep_pass(&world, 1000 + ESTABLISHED_MS);
	CU_ASSERT_EQUAL(used(&world), 0);
	end(&world);
}

// A pass looks at every record about once, in bounded steps, and only at its own shards.
static void sweeps_evenly(void)
{
	struct world world;
	struct dp_sweep sweep;
	uint32_t looked;

	begin(&world, 20000);
	for (uint32_t i = 0; i < 10000; i++)
		connect_counted(&world, WORLD_CLIENT + i % 100, (uint16_t)(1000 + i / 100));
	looked = sweep_pass(&world, 1000);
	CU_ASSERT(looked >= 10000 && looked <= 10100);
	CU_ASSERT_EQUAL(used(&world), 10000);
	dp_sweep_init(&sweep, &world.table, ALL_SHARDS, 1000);
	CU_ASSERT_EQUAL(dp_sweep_run(&sweep, &world.table, world.snapshot, stats, 1000, 64), 0);
	// After a long pause all is due, but a step stays a step.
	CU_ASSERT_EQUAL(dp_sweep_run(&sweep, &world.table, world.snapshot, stats, 900000, 64), 64);
	dp_sweep_init(&sweep, &world.table, 2, 900000);
	for (uint32_t ms = 0; ms < DP_SWEEP_PASS_MS * 2; ms++)
		dp_sweep_run(&sweep, &world.table, world.snapshot, stats, 900000 + ms, 64);
	CU_ASSERT_EQUAL(poise_shard(&world.table, 1)->used, 0);
	CU_ASSERT_NOT_EQUAL(poise_shard(&world.table, 0)->used, 0);
	CU_ASSERT_NOT_EQUAL(poise_shard(&world.table, 2)->used, 0);
	dp_sweep_init(&sweep, &world.table, 0, 900000); // a worker without shards
	CU_ASSERT_EQUAL(dp_sweep_run(&sweep, &world.table, world.snapshot, stats, 990000, 64), 0);
	end(&world);
}

// Removals take longer than looks, so one run makes only so many, and says when more are due.
static void removes_in_steps(void)
{
	struct world world;
	struct dp_sweep sweep;
	uint32_t runs = 0;

	begin(&world, 20000);
	for (uint32_t i = 0; i < 300; i++)
		connect_counted(&world, WORLD_CLIENT, (uint16_t)(1000 + i));
	dp_sweep_init(&sweep, &world.table, ALL_SHARDS, 1000);
	for (uint32_t left = 300, after; left > DP_SWEEP_REMOVALS; left = after, runs++) {
		dp_sweep_run(&sweep, &world.table, world.snapshot, stats, 900000, 512);
		after = used(&world);
		CU_ASSERT_EQUAL(after, left - DP_SWEEP_REMOVALS);
		CU_ASSERT_TRUE(sweep.more);
		if (after == left)
			break;
	}
	CU_ASSERT_EQUAL(runs, 299 / DP_SWEEP_REMOVALS);
	dp_sweep_run(&sweep, &world.table, world.snapshot, stats, 900000, 512);
	CU_ASSERT_EQUAL(used(&world), 0);
	CU_ASSERT_FALSE(sweep.more);
	CU_ASSERT_EQUAL(stats->counters[POISE_FLOW_EXPIRED], 300);
	end(&world);
}

// Fill the table until the first refusal; returns the shard that is full.
static uint32_t fill(struct world *world)
{
	struct poise_key key = { 0 };
	__u32 number;

	for (uint32_t i = 0;; i++) {
		uint32_t client = WORLD_CLIENT + i / 60000;
		uint16_t port = (uint16_t)(1 + i % 60000);
		enum poise_verdict verdict = world_connect(world, client, port, ALL_SHARDS, &number);

		if (verdict == POISE_FORWARDED)
			continue;
		CU_ASSERT_EQUAL(verdict, POISE_TABLE_FULL);
		key.src = POISE_BE32(client);
		key.src_port = POISE_BE16(port);
		return poise_place_client(&world->table, key.src, key.src_port).shard;
	}
}

static void evicts_the_oldest_half_open(void)
{
	struct world world;
	struct poise_shard *shard;
	struct poise_flow *flow;
	uint32_t index, first;

	begin(&world, 1000);
	index = fill(&world);
	shard = poise_shard(&world.table, index);
	first = index * world.table.records_per_shard + 1;
	for (uint32_t i = 0; i < shard->used_top; i++) {
		poise_record(&world.table, first + i)->last_seen_ms = 5000;
		set_state(&world, first + i, POISE_STATE_ESTABLISHED);
	}
	CU_ASSERT_EQUAL(shard->half_open, 0);
	CU_ASSERT_FALSE(dp_evict(&world.table, index, stats, 9000)); // established flows stay
	for (uint32_t i = 1; i < 4; i++) { // the hand is at 0 and looks at four
		flow = poise_record(&world.table, first + i);
		flow->state = POISE_STATE_SYN_SENT;
		flow->last_seen_ms = i == 2 ? 1000 : 4000;
		shard->half_open++;
	}
	CU_ASSERT_TRUE(dp_evict(&world.table, index, stats, 9000));
	CU_ASSERT_EQUAL(poise_record(&world.table, first + 2)->state, POISE_STATE_FREE);
	CU_ASSERT_EQUAL(shard->half_open, 2);
	CU_ASSERT_EQUAL(stats->counters[POISE_FLOW_EVICTED], 1);
	CU_ASSERT_TRUE(dp_evict(&world.table, index, stats, 9000));
	CU_ASSERT_TRUE(dp_evict(&world.table, index, stats, 9000));
	CU_ASSERT_FALSE(dp_evict(&world.table, index, stats, 9000));
	CU_ASSERT_EQUAL(shard->used, shard->used_top - 3);
	end(&world);
}

// Made room is room: after an eviction the refused flow fits.
static void makes_room(void)
{
	struct world world;
	uint32_t index, made = 0, before;
	__u32 number;

	begin(&world, 1000);
	index = fill(&world);
	before = used(&world);
	for (uint32_t i = 0; i < 60000 && made < 100; i++) {
		uint32_t client = WORLD_CLIENT + 77;
		uint16_t port = (uint16_t)(1 + i);
		struct poise_place place = poise_place_client(&world.table, POISE_BE32(client), POISE_BE16(port));

		if (place.shard != index)
			continue;
		CU_ASSERT_EQUAL(world_connect(&world, client, port, ALL_SHARDS, &number), POISE_TABLE_FULL);
		CU_ASSERT_TRUE(dp_evict(&world.table, index, stats, 9000));
		CU_ASSERT_EQUAL(world_connect(&world, client, port, ALL_SHARDS, &number), POISE_FORWARDED);
		made++;
	}
	CU_ASSERT_EQUAL(made, 100);
	CU_ASSERT_EQUAL(used(&world), before);
	end(&world);
}

static struct poise_stats *make_page(void)
{
	size_t bytes = sizeof(struct poise_stats) + 2 * sizeof(struct poise_stats_worker);
	struct poise_stats *page = aligned_alloc(POISE_LINE_SIZE, bytes);

	if (!page)
		exit(2);
	memset(page, 0, bytes);
	page->workers = 2;
	return page;
}

// Writers killed at every point of making and removing a flow.
static void recovers_what_was_left(void)
{
	struct poise_stats *page = make_page();
	struct dp_recovery recovery;
	uint8_t owners[POISE_SHARDS];
	struct world world;
	__u32 numbers[40], number;
	uint32_t shard;

	begin(&world, 1000);
	for (uint32_t i = 0; i < POISE_SHARDS; i++)
		owners[i] = i % 2;
	for (uint16_t i = 0; i < 40; i++)
		numbers[i] = connect_counted(&world, WORLD_CLIENT, (uint16_t)(2000 + i));
	for (uint32_t i = 20; i < 30; i++)
		set_state(&world, numbers[i], POISE_STATE_ESTABLISHED);
	poise_flow_remove(&world.table, poise_record(&world.table, numbers[39]), numbers[39]); // properly
	CU_ASSERT(poise_flow_claim(poise_record(&world.table, numbers[0]), poise_record(&world.table, numbers[0])->sequence)); // hidden, entries still there
	shard = poise_record(&world.table, numbers[1])->shard;
	number = poise_record_allocate(&world.table, shard); // allocated, nothing else
	CU_ASSERT_NOT_EQUAL(number, 0);
	poise_shard(&world.table, 5)->used_top++; // claimed, not even marked
	poise_shard(&world.table, 5)->used += 7;   // and a count that was never corrected
	poise_shard(&world.table, 6)->half_open += 9;
	CU_ASSERT_EQUAL(dp_recover(&world.table, page, owners, &recovery), 0);
	CU_ASSERT_EQUAL(recovery.flows, 38);
	CU_ASSERT_EQUAL(recovery.reclaimed, 3);
	CU_ASSERT_EQUAL(used(&world), 38);
	CU_ASSERT_EQUAL(half_open(&world), 28);
	CU_ASSERT_EQUAL(page->worker[0].backends[0].flows_found + page->worker[0].backends[1].flows_found +
				page->worker[1].backends[0].flows_found +
				page->worker[1].backends[1].flows_found,
			38);
	// The hidden flow is gone, and its endpoint can come again.
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 2000, ALL_SHARDS, &number), POISE_FORWARDED);
	// A second look finds nothing to do.
	CU_ASSERT_EQUAL(dp_recover(&world.table, page, owners, &recovery), 0);
	CU_ASSERT_EQUAL(recovery.reclaimed, 0);
	CU_ASSERT_EQUAL(recovery.flows, 39);
	free(page);
	end(&world);
}

// Memory that was written over: no record number leads out of the table, no list in a circle.
static void survives_damage(void)
{
	struct poise_stats *page = make_page();
	uint8_t owners[POISE_SHARDS] = { 0 };
	struct dp_recovery recovery;
	struct world world;
	uint64_t random = 1;

	for (uint32_t round = 0; round < 20; round++) {
		begin(&world, 500);
		for (uint16_t i = 0; i < 300; i++)
			connect_counted(&world, WORLD_CLIENT, (uint16_t)(2000 + i));
		for (uint32_t i = 0; i < 2000; i++) {
			uint32_t lines = world.table.lines - world.table.shard_first;
			uint32_t line = world.table.shard_first + (uint32_t)(check_random(&random) % lines);
			uint32_t *words = POISE_TABLE_LINE(&world.table, line);

			words[check_random(&random) % 16] = (uint32_t)check_random(&random);
		}
		CU_ASSERT_EQUAL(dp_recover(&world.table, page, owners, &recovery), 0);
		for (uint32_t line = world.table.bucket_first; line < world.table.record_first; line++) {
			const struct poise_bucket *bucket = POISE_TABLE_LINE(&world.table, line);

			for (uint32_t slot = 0; slot < POISE_BUCKET_SLOTS; slot++)
				CU_ASSERT(bucket->record[slot] <= POISE_SHARDS * world.table.records_per_shard);
		}
		sweep_pass(&world, 1000);
		end(&world);
	}
	free(page);
}

static const struct check_case cases[] = {
	{ "flows expire in time", expires_in_time },
	{ "flows outlive their service", outlives_its_service },
	{ "the sweep is even and bounded", sweeps_evenly },
	{ "a run removes no more than it has time for", removes_in_steps },
	{ "the oldest half-open flow is evicted", evicts_the_oldest_half_open },
	{ "an eviction makes room", makes_room },
	{ "what a killed writer left is reclaimed", recovers_what_was_left },
	{ "a damaged table is survived", survives_damage },
};

CHECK_MAIN("sweep", cases)
