// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "flow_counts.h"

#include <string.h>
#include <time.h>

#include <poise/expire.h>

#define PAUSE 20 // times what the last count took

static void look(struct cp_flow_counts *counts, const struct poise_snapshot *snapshot, const struct poise_flow *flow,
		 uint32_t now_ms)
{
	enum poise_flow_state state = (enum poise_flow_state)POISE_LOAD(flow->state);

	if (POISE_LOAD(flow->sequence) & 1 || state == POISE_STATE_FREE || state >= POISE_STATES)
		return;
	if (snapshot && poise_flow_expired(snapshot, flow, now_ms)) {
		counts->over++;
		return;
	}
	counts->live++;
	counts->half_open += (uint32_t)poise_state_half_open(state);
	counts->states[state]++;
	counts->active[POISE_LOAD(flow->backend_index) & (POISE_MAX_BACKENDS - 1)]++;
}

static void count(struct cp_flow_counts *counts, uint32_t now_ms)
{
	const struct poise_snapshot *snapshot = counts->snapshot ? *counts->snapshot : NULL;
	const struct poise_table *table = counts->table;

	memset(counts->active, 0, sizeof(counts->active));
	memset(counts->states, 0, sizeof(counts->states));
	counts->live = counts->half_open = counts->over = 0;
	for (uint32_t i = 0; i < POISE_SHARDS; i++) {
		uint32_t top = POISE_LOAD(poise_shard(table, i)->used_top);

		if (top > table->records_per_shard)
			top = table->records_per_shard;
		for (uint32_t j = 0; j < top; j++)
			look(counts, snapshot, poise_record(table, i * table->records_per_shard + j + 1), now_ms);
	}
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool cp_flow_counts_refresh(struct cp_flow_counts *counts, uint64_t now_ns)
{
	uint64_t fresh_ns = counts->took_ns * PAUSE, before_ns;

	if (!counts->table || !counts->table->base)
		return false;
	if (fresh_ns < CP_FLOW_COUNTS_FRESH_NS)
		fresh_ns = CP_FLOW_COUNTS_FRESH_NS;
	if (counts->at_ns && now_ns - counts->at_ns < fresh_ns)
		return true;
	before_ns = clock_ns();
	count(counts, (uint32_t)(now_ns / 1000000));
	counts->took_ns = clock_ns() - before_ns;
	counts->at_ns = now_ns;
	return true;
}

uint32_t cp_flow_counts(struct cp_flow_counts *counts, uint32_t backend, uint64_t now_ns)
{
	return cp_flow_counts_refresh(counts, now_ns) ? counts->active[backend & (POISE_MAX_BACKENDS - 1)] : 0;
}

bool cp_flow_counts_states(struct cp_flow_counts *counts, uint64_t now_ns, uint32_t *states)
{
	if (!cp_flow_counts_refresh(counts, now_ns))
		return false;
	memcpy(states, counts->states, sizeof(counts->states));
	return true;
}
