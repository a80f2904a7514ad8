// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "flow_counts.h"

#include <string.h>
#include <time.h>

#include <poise/expire.h>

#define PAUSE 20 // times what the last count took

static void look(const struct cp_flow_counts *counts, struct cp_flow_tally *tally, const struct poise_flow *flow,
		 uint32_t now_ms)
{
	const struct poise_snapshot *snapshot = counts->snapshot ? *counts->snapshot : NULL;
	enum poise_flow_state state = (enum poise_flow_state)POISE_LOAD(flow->state);

	if (POISE_LOAD(flow->sequence) & 1 || state == POISE_STATE_FREE || state >= POISE_STATES)
		return;
	if (snapshot && poise_flow_expired(snapshot, flow, now_ms)) {
		tally->over++;
		return;
	}
	tally->live++;
	tally->half_open += (uint32_t)poise_state_half_open(state);
	tally->states[state]++;
	tally->active[POISE_LOAD(flow->backend_index) & (POISE_MAX_BACKENDS - 1)]++;
}

// Records of a shard that were ever in use.
static uint32_t top_of(const struct poise_table *table, uint32_t shard)
{
	uint32_t top = POISE_LOAD(poise_shard(table, shard)->used_top);

	return top < table->records_per_shard ? top : table->records_per_shard;
}

static bool large(const struct poise_table *table)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < POISE_SHARDS; i++)
		sum += top_of(table, i);
	return sum > CP_FLOW_COUNTS_AT_ONCE;
}

// Look at no more than `most` records. True: the round is complete, and `whole` is what it found.
static bool count(struct cp_flow_counts *counts, uint32_t most, uint64_t now_ns)
{
	const struct poise_table *table = counts->table;
	uint32_t now_ms = (uint32_t)(now_ns / 1000000);

	if (!counts->shard && !counts->record)
		memset(&counts->next, 0, sizeof(counts->next));
	for (; counts->shard < POISE_SHARDS; counts->shard++, counts->record = 0) {
		uint32_t top = top_of(table, counts->shard), first = counts->shard * table->records_per_shard + 1;

		for (; counts->record < top; counts->record++, most--) {
			if (!most)
				return false;
			look(counts, &counts->next, poise_record(table, first + counts->record), now_ms);
		}
	}
	counts->shard = counts->record = 0;
	counts->whole = counts->next;
	counts->at_ns = now_ns;
	return true;
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool cp_flow_counts_step(struct cp_flow_counts *counts, uint64_t now_ns)
{
	if (!counts->table || !counts->table->base)
		return false;
	if (!counts->shard && !counts->record && !large(counts->table))
		return false;
	count(counts, CP_FLOW_COUNTS_SLICE, now_ns);
	return true;
}

bool cp_flow_counts_refresh(struct cp_flow_counts *counts, uint64_t now_ns)
{
	uint64_t fresh_ns = counts->took_ns * PAUSE, before_ns;

	if (!counts->table || !counts->table->base)
		return false;
	if (fresh_ns < CP_FLOW_COUNTS_FRESH_NS)
		fresh_ns = CP_FLOW_COUNTS_FRESH_NS;
	if (counts->at_ns && (now_ns - counts->at_ns < fresh_ns || large(counts->table)))
		return true;
	before_ns = clock_ns();
	counts->shard = counts->record = 0;
	count(counts, UINT32_MAX, now_ns);
	counts->took_ns = clock_ns() - before_ns;
	return true;
}

uint32_t cp_flow_counts(struct cp_flow_counts *counts, uint32_t backend, uint64_t now_ns)
{
	return cp_flow_counts_refresh(counts, now_ns) ? counts->whole.active[backend & (POISE_MAX_BACKENDS - 1)] : 0;
}

bool cp_flow_counts_states(struct cp_flow_counts *counts, uint64_t now_ns, uint32_t *states)
{
	if (!cp_flow_counts_refresh(counts, now_ns))
		return false;
	memcpy(states, counts->whole.states, sizeof(counts->whole.states));
	return true;
}
