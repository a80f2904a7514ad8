// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "flow_counts.h"

#include <string.h>

#include <poise/expire.h>

static void look(struct cp_flow_counts *counts, const struct poise_snapshot *snapshot, const struct poise_flow *flow,
		 uint32_t now_ms)
{
	enum poise_flow_state state = (enum poise_flow_state)POISE_LOAD(flow->state);

	if (POISE_LOAD(flow->sequence) & 1 || state == POISE_STATE_FREE)
		return;
	if (snapshot && poise_flow_expired(snapshot, flow, now_ms)) {
		counts->over++;
		return;
	}
	counts->live++;
	counts->half_open += (uint32_t)poise_state_half_open(state);
	counts->active[POISE_LOAD(flow->backend_index) & (POISE_MAX_BACKENDS - 1)]++;
}

static void count(struct cp_flow_counts *counts, uint32_t now_ms)
{
	const struct poise_snapshot *snapshot = counts->snapshot ? *counts->snapshot : NULL;
	const struct poise_table *table = counts->table;

	memset(counts->active, 0, sizeof(counts->active));
	counts->live = counts->half_open = counts->over = 0;
	for (uint32_t i = 0; i < POISE_SHARDS; i++) {
		uint32_t top = POISE_LOAD(poise_shard(table, i)->used_top);

		if (top > table->records_per_shard)
			top = table->records_per_shard;
		for (uint32_t j = 0; j < top; j++)
			look(counts, snapshot, poise_record(table, i * table->records_per_shard + j + 1), now_ms);
	}
}

void cp_flow_counts_refresh(struct cp_flow_counts *counts, uint64_t now_ns)
{
	if (!counts->table || !counts->table->base)
		return;
	if (counts->at_ns && now_ns - counts->at_ns < CP_FLOW_COUNTS_FRESH_NS)
		return;
	count(counts, (uint32_t)(now_ns / 1000000));
	counts->at_ns = now_ns;
}

uint32_t cp_flow_counts(struct cp_flow_counts *counts, uint32_t backend, uint64_t now_ns)
{
	cp_flow_counts_refresh(counts, now_ns);
	return counts->table && counts->table->base ? counts->active[backend & (POISE_MAX_BACKENDS - 1)] : 0;
}
