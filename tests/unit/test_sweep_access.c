// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// After a change of the lists the sweep ends the flows of sources that are denied now, and only those; and what a
// limited source had is given back by whoever ends its flow.
#include "recover.h"
#include "sweep.h"

#include "world.h"

#define ALL_SHARDS UINT64_MAX

static struct poise_stats_worker *stats;
static struct dp_sweep sweep;
static uint32_t clock_ms;

static void begin(struct world *world)
{
	world_init(world, 2, POISE_NAT_DNAT, 4000);
	world->snapshot->vips[0].timeout_ms[POISE_TIMEOUT_HALF_OPEN] = 30000;
	stats = aligned_alloc(POISE_LINE_SIZE, sizeof(*stats));
	if (!stats)
		exit(2);
	memset(stats, 0, sizeof(*stats));
	clock_ms = 1000;
	dp_sweep_init(&sweep, &world->table, ALL_SHARDS, clock_ms);
}

static void end(struct world *world)
{
	free(stats);
	world_fini(world);
}

// Deny from `first` on (host order).
static void deny_from(struct world *world, uint32_t first, uint64_t version)
{
	struct poise_vip *vip = &world->snapshot->vips[0];

	vip->flags |= POISE_VIP_ACCESS;
	vip->access_first = 5;
	vip->access_count = 1;
	world->snapshot->access[5] = first;
	world->snapshot->access_version = version;
}

static void sweep_for(struct world *world, uint32_t milliseconds)
{
	while (milliseconds--)
		dp_sweep_run(&sweep, &world->table, world->snapshot, stats, ++clock_ms, 64);
}

static uint32_t used(const struct world *world)
{
	uint32_t sum = 0;

	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		sum += poise_shard(&world->table, shard)->used;
	return sum;
}

static void denied_flows_end(void)
{
	struct world world;
	__u32 number;

	begin(&world);
	for (uint32_t i = 0; i < 1000; i++)
		CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT + i, 4000, ALL_SHARDS, &number), POISE_FORWARDED);
	sweep_for(&world, DP_SWEEP_PASS_MS);
	CU_ASSERT_EQUAL(used(&world), 1000);
	deny_from(&world, WORLD_CLIENT + 600, 1);
	sweep_for(&world, DP_SWEEP_PASS_MS + 2);
	CU_ASSERT_EQUAL(used(&world), 600);
	CU_ASSERT_EQUAL(stats->counters[POISE_FLOW_DENIED], 400);
	CU_ASSERT_EQUAL(stats->counters[POISE_FLOW_EXPIRED], 0);
	CU_ASSERT_EQUAL(stats->backends[0].flows_removed + stats->backends[1].flows_removed, 400);
	// One that was made by the old lists while the first pass was under way is ended by the second.
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT + 999, 4001, ALL_SHARDS, &number), POISE_FORWARDED);
	sweep_for(&world, DP_SWEEP_PASS_MS + 2);
	CU_ASSERT_EQUAL(used(&world), 600);
	// A wider list of a new version ends more.
	deny_from(&world, WORLD_CLIENT + 1, 2);
	sweep_for(&world, DP_SWEEP_PASS_MS + 2);
	CU_ASSERT_EQUAL(used(&world), 1);
	CU_ASSERT_EQUAL(stats->counters[POISE_FLOW_DENIED], 1000);
	// Without lists nobody is denied.
	world.snapshot->vips[0].flags = 0;
	world.snapshot->access_version = 0;
	sweep_for(&world, DP_SWEEP_PASS_MS);
	CU_ASSERT_EQUAL(used(&world), 1);
	end(&world);
}

// The look at the lists is over after a while: a pass of a table that is as it was costs what it did.
static void looks_for_a_while(void)
{
	struct world world;
	__u32 number;

	begin(&world);
	deny_from(&world, WORLD_CLIENT, 1);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT - 1, 4000, ALL_SHARDS, &number), POISE_FORWARDED);
	sweep_for(&world, 4 * DP_SWEEP_PASS_MS);
	CU_ASSERT_EQUAL(sweep.access_shards, 0);
	CU_ASSERT_EQUAL(used(&world), 1);
	end(&world);
}

static uint32_t counted(const struct world *world)
{
	uint64_t hash = poise_source_hash(&world->table, POISE_BE32(WORLD_CLIENT), 0);

	return poise_source_cell(&world->table, hash, 0)->flows + poise_source_cell(&world->table, hash, 1)->flows;
}

static void given_back(void)
{
	struct world world;
	struct poise_stats *page;
	const uint8_t owners[POISE_SHARDS] = {0};
	struct dp_recovery recovery;
	__u32 numbers[4], place;

	begin(&world);
	world.snapshot->vips[0].source_flows = 4;
	for (uint16_t i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, (uint16_t)(4000 + i), ALL_SHARDS, &numbers[i]),
				POISE_FORWARDED);
	CU_ASSERT_EQUAL(world_connect(&world, WORLD_CLIENT, 5000, ALL_SHARDS, &place), POISE_SOURCE_FLOWS);
	CU_ASSERT_EQUAL(counted(&world), 8);
	// By eviction, by a writer that was killed while it removed one, by time.
	CU_ASSERT_TRUE(dp_evict(&world.table, poise_record(&world.table, numbers[0])->shard, stats, 2000));
	CU_ASSERT_EQUAL(counted(&world), 6);
	poise_record(&world.table, numbers[1])->sequence |= 1;
	page = check_memory(sizeof(*page) + sizeof(page->worker[0]) + POISE_LINE_SIZE);
	page->workers = 1;
	CU_ASSERT_EQUAL(dp_recover(&world.table, page, owners, &recovery), 0);
	CU_ASSERT_EQUAL(recovery.reclaimed, 1);
	CU_ASSERT_EQUAL(counted(&world), 4);
	sweep_for(&world, 30000 + 2 * DP_SWEEP_PASS_MS);
	CU_ASSERT_EQUAL(used(&world), 0);
	CU_ASSERT_EQUAL(counted(&world), 0);
	free(page);
	end(&world);
}

static const struct check_case cases[] = {
	{"flows of denied sources end", denied_flows_end},
	{"it looks for a while", looks_for_a_while},
	{"what a source had is given back", given_back},
};

CHECK_MAIN("sweep_access", cases)
