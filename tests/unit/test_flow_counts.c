// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Flows of each backend, counted in the table.
#include <poise/table_setup.h>

#include "check.h"
#include "flow_counts.h"

#define FLOWS 4096u

// The first records of a shard in use, all of one backend.
static void fill(const struct poise_table *table, uint32_t shard, uint32_t count, uint16_t backend)
{
	for (uint32_t i = 0; i < count; i++) {
		struct poise_flow *flow = poise_record(table, shard * table->records_per_shard + i + 1);

		flow->sequence = 2;
		flow->state = POISE_STATE_ESTABLISHED;
		flow->backend_index = backend;
	}
	poise_shard(table, shard)->used_top = count;
}

static void counts(void)
{
	static const __u64 seed[2] = {1, 2};
	struct cp_flow_counts flows = {0};
	uint32_t states[POISE_STATES];
	struct poise_table table = {0};
	size_t bytes = (size_t)poise_table_layout(&table, FLOWS) * POISE_LINE_SIZE;
	void *memory = aligned_alloc(POISE_LINE_SIZE, bytes);

	CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
	memset(memory, 0, bytes);
	CU_ASSERT_EQUAL(cp_flow_counts(&flows, 7, 1), 0); // no table
	CU_ASSERT_FALSE(cp_flow_counts_states(&flows, 1, states));
	poise_table_format(&table, memory, FLOWS, seed);
	flows.table = &table;
	fill(&table, 0, 5, 7);
	fill(&table, 63, 3, 7);
	fill(&table, 9, 2, 8);
	poise_record(&table, 2)->sequence = 3;			  // in the hands of a writer
	poise_record(&table, 3)->state = POISE_STATE_FREE;	  // given back
	poise_shard(&table, 20)->used_top = table.records_per_shard + 1000; // damaged: no look outside
	CU_ASSERT_EQUAL(cp_flow_counts(&flows, 7, 1000), 6);
	CU_ASSERT_EQUAL(cp_flow_counts(&flows, 8, 1000), 2);
	CU_ASSERT_EQUAL(cp_flow_counts(&flows, 9, 1000), 0);
	CU_ASSERT_TRUE(cp_flow_counts_states(&flows, 1000, states));
	CU_ASSERT_EQUAL(states[POISE_STATE_ESTABLISHED], 8);
	CU_ASSERT_EQUAL(states[POISE_STATE_FREE], 0);
	fill(&table, 9, 4, 8);
	CU_ASSERT_EQUAL(cp_flow_counts(&flows, 8, 1000 + CP_FLOW_COUNTS_FRESH_NS - 1), 2); // not yet
	CU_ASSERT_EQUAL(cp_flow_counts(&flows, 8, 1000 + CP_FLOW_COUNTS_FRESH_NS + 20 * flows.took_ns), 4);
	free(memory);
}

// Nobody who asks waits for the count of a large table: steps do it, and what they found holds until the next round ends.
static void large_tables_by_steps(void)
{
	static const __u64 seed[2] = {1, 2};
	struct cp_flow_counts flows = {0};
	struct poise_table table = {0};
	size_t bytes = (size_t)poise_table_layout(&table, 300000) * POISE_LINE_SIZE;
	void *memory = aligned_alloc(POISE_LINE_SIZE, bytes);
	const uint32_t each = 3000, second = 1000000000;
	int steps = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
	memset(memory, 0, bytes);
	CU_ASSERT_FALSE(cp_flow_counts_step(&flows, 1)); // no table
	poise_table_format(&table, memory, 300000, seed);
	flows.table = &table;
	CU_ASSERT_FALSE(cp_flow_counts_step(&flows, 1)); // small
	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		fill(&table, shard, each, 7);
	CU_ASSERT_EQUAL(cp_flow_counts(&flows, 7, 1), each * POISE_SHARDS); // the first time at once
	fill(&table, 5, each, 8);
	CU_ASSERT_EQUAL(cp_flow_counts(&flows, 7, 100ull * second), each * POISE_SHARDS);
	for (; flows.at_ns < 200ull * second && steps < 100; steps++)
		CU_ASSERT(cp_flow_counts_step(&flows, 200ull * second));
	CU_ASSERT_EQUAL(steps, each * POISE_SHARDS / CP_FLOW_COUNTS_SLICE + 1);
	CU_ASSERT_EQUAL(cp_flow_counts(&flows, 7, 200ull * second), each * (POISE_SHARDS - 1));
	CU_ASSERT_EQUAL(cp_flow_counts(&flows, 8, 200ull * second), each);
	free(memory);
}

static void idle_flows_do_not_live(void)
{
	static const __u64 seed[2] = {1, 2};
	struct poise_snapshot *snapshot = check_memory(sizeof(*snapshot));
	struct cp_flow_counts flows = {.snapshot = &snapshot};
	struct poise_table table = {0};
	size_t bytes = (size_t)poise_table_layout(&table, FLOWS) * POISE_LINE_SIZE;
	void *memory = aligned_alloc(POISE_LINE_SIZE, bytes);
	const uint64_t second = 1000000000;

	CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
	memset(memory, 0, bytes);
	memset(snapshot, 0, sizeof(*snapshot));
	poise_table_format(&table, memory, FLOWS, seed);
	flows.table = &table;
	snapshot->vips[0].timeout_ms[POISE_TIMEOUT_ESTABLISHED] = 5000;
	snapshot->vips[0].timeout_ms[POISE_TIMEOUT_HALF_OPEN] = 2000;
	fill(&table, 3, 6, 7);
	for (uint32_t i = 0; i < 6; i++)
		poise_record(&table, 3 * table.records_per_shard + i + 1)->last_seen_ms = 10000;
	poise_record(&table, 3 * table.records_per_shard + 1)->state = POISE_STATE_SYN_SENT;
	CU_ASSERT_EQUAL(cp_flow_counts(&flows, 7, 11 * second), 6);
	CU_ASSERT(flows.whole.live == 6 && flows.whole.half_open == 1 && flows.whole.over == 0);
	CU_ASSERT_EQUAL(cp_flow_counts(&flows, 7, 12 * second), 5);
	CU_ASSERT(flows.whole.half_open == 0 && flows.whole.over == 1);
	poise_record(&table, 3 * table.records_per_shard + 2)->last_seen_ms = 14000;
	CU_ASSERT_EQUAL(cp_flow_counts(&flows, 7, 15 * second), 1);
	CU_ASSERT_EQUAL(cp_flow_counts(&flows, 7, 30 * second), 0);
	CU_ASSERT(flows.whole.live == 0 && flows.whole.over == 6);
	free(memory);
	free(snapshot);
}

static const struct check_case cases[] = {{"flows of backends", counts},
					  {"large tables by steps", large_tables_by_steps},
					  {"idle flows do not live", idle_flows_do_not_live}};

CHECK_MAIN("flow_counts", cases)
