// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "flow_counts.h"

#include <string.h>

static void count(struct cp_flow_counts *counts)
{
	const struct poise_table *table = counts->table;

	memset(counts->active, 0, sizeof(counts->active));
	for (uint32_t i = 0; i < POISE_SHARDS; i++) {
		uint32_t top = POISE_LOAD(poise_shard(table, i)->used_top);

		if (top > table->records_per_shard)
			top = table->records_per_shard;
		for (uint32_t j = 0; j < top; j++) {
			const struct poise_flow *flow =
				poise_record(table, i * table->records_per_shard + j + 1);

			if (!(POISE_LOAD(flow->sequence) & 1) && POISE_LOAD(flow->state) != POISE_STATE_FREE)
				counts->active[POISE_LOAD(flow->backend_index) & (POISE_MAX_BACKENDS - 1)]++;
		}
	}
}

uint32_t cp_flow_counts(struct cp_flow_counts *counts, uint32_t backend, uint64_t now_ns)
{
	if (!counts->table || !counts->table->base)
		return 0;
	if (!counts->at_ns || now_ns - counts->at_ns >= CP_FLOW_COUNTS_FRESH_NS) {
		count(counts);
		counts->at_ns = now_ns;
	}
	return counts->active[backend & (POISE_MAX_BACKENDS - 1)];
}
