// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See sweep.h.
#include "sweep.h"

// Records that one eviction looks at: the oldest of the first DP_EVICT_WINDOW, or, when there is no half-open
// flow among them, the first one further on.
#define DP_EVICT_WINDOW 4u
#define DP_EVICT_LIMIT 2048u

#define DP_COUNT_MS 64u

// Records between the fetch of one and the look at it: what a turn of a busy worker looks at in a table of 10 million,
// so the memory has a turn's time to answer.
#define DP_SWEEP_AHEAD 16u

static void count_records(struct dp_sweep *sweep, const struct poise_table *table, uint32_t now_ms)
{
	sweep->counted_ms = now_ms;
	sweep->records = 0;
	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		if (sweep->shards >> shard & 1)
			sweep->records += POISE_LOAD(poise_shard(table, shard)->used_top);
}

void dp_sweep_init(struct dp_sweep *sweep, const struct poise_table *table, uint64_t shards,
		   uint32_t now_ms)
{
	*sweep = (struct dp_sweep){ .shards = shards, .last_ms = now_ms };
	count_records(sweep, table, now_ms);
}

bool dp_flow_remove(const struct poise_table *table, struct poise_stats_worker *stats, uint32_t number,
		    uint32_t sequence)
{
	struct poise_flow *flow = poise_record(table, number);
	uint16_t backend = flow->backend_index & (POISE_MAX_BACKENDS - 1);

	if (!poise_flow_remove_if(table, flow, number, sequence))
		return false;
	stats->backends[backend].flows_removed++;
	return true;
}

bool dp_flow_expired(const struct poise_flow *flow, const struct poise_snapshot *snapshot,
		     uint32_t now_ms)
{
	return poise_flow_visible(flow) && poise_flow_expired(snapshot, flow, now_ms);
}

static uint32_t next_shard(const struct dp_sweep *sweep)
{
	uint32_t shard = sweep->shard;

	do
		shard = (shard + 1) & (POISE_SHARDS - 1);
	while (!(sweep->shards >> shard & 1));
	return shard;
}

// Records that are due by the time that has passed.
static uint32_t records_due(struct dp_sweep *sweep, const struct poise_table *table, uint32_t now_ms,
			    uint32_t budget)
{
	uint32_t elapsed = now_ms - sweep->last_ms;
	uint64_t due;

	if (elapsed) {
		sweep->last_ms = now_ms;
		if (now_ms - sweep->counted_ms >= DP_COUNT_MS)
			count_records(sweep, table, now_ms);
		if (elapsed > DP_SWEEP_PASS_MS)
			elapsed = DP_SWEEP_PASS_MS;
		sweep->credit += sweep->records * elapsed;
		if (sweep->credit > sweep->records * DP_SWEEP_PASS_MS)
			sweep->credit = sweep->records * DP_SWEEP_PASS_MS;
	}
	due = sweep->credit / DP_SWEEP_PASS_MS;
	return due < budget ? (uint32_t)due : budget;
}

// Does the flow in this record wait for its reset? Only asked while some backend is to lose its flows.
static bool reset_waits(const struct poise_flow *flow, const struct poise_snapshot *snapshot)
{
	return poise_flow_visible(flow) && poise_flow_resetting(snapshot, flow) &&
	       (POISE_LOAD(flow->state) != POISE_STATE_RESET || !(POISE_LOAD(flow->flags) & POISE_FLOW_TOLD));
}

static void note_reset(struct dp_sweep *sweep, const struct poise_table *table, const struct poise_snapshot *snapshot,
		       uint32_t number, uint32_t sequence)
{
	if (snapshot->flags & POISE_SNAPSHOT_RESETS && reset_waits(poise_record(table, number), snapshot))
		sweep->resets[sweep->resets_count++] = (struct poise_found){ number, sequence };
}

// Have the lists of sources changed? Then all shards are gone through twice with them.
static void look_for_lists(struct dp_sweep *sweep, const struct poise_snapshot *snapshot)
{
	if (POISE_LIKELY(sweep->access_version == snapshot->access_version))
		return;
	sweep->access_version = snapshot->access_version;
	sweep->access_shards = snapshot->access_version ? 2 * POISE_SHARDS + 1 : 0; // the first one is half done
}

// Remove the flow in this record if it is over, by its time or by the lists. Returns true when it did.
static bool end_flow(const struct dp_sweep *sweep, const struct poise_table *table,
		     const struct poise_snapshot *snapshot, struct poise_stats_worker *stats, uint32_t number,
		     uint32_t sequence, uint32_t now_ms)
{
	const struct poise_flow *flow = poise_record(table, number);
	enum poise_verdict event;

	if (dp_flow_expired(flow, snapshot, now_ms))
		event = POISE_FLOW_EXPIRED;
	else if (POISE_UNLIKELY(sweep->access_shards) && poise_flow_visible(flow) && poise_flow_denied(snapshot, flow))
		event = POISE_FLOW_DENIED;
	else
		return false;
	if (!dp_flow_remove(table, stats, number, sequence))
		return false;
	stats->counters[event]++;
	return true;
}

uint32_t dp_sweep_run(struct dp_sweep *sweep, const struct poise_table *table,
		      const struct poise_snapshot *snapshot, struct poise_stats_worker *stats,
		      uint32_t now_ms, uint32_t budget)
{
	uint32_t due = records_due(sweep, table, now_ms, budget), looked = 0, empty = 0, removed = 0;

	sweep->more = false;
	look_for_lists(sweep, snapshot);
	if (!due || !sweep->shards)
		return 0;
	if (!(sweep->shards >> sweep->shard & 1))
		sweep->shard = next_shard(sweep);
	while (looked < due && removed < DP_SWEEP_REMOVALS && empty <= 2 * POISE_SHARDS &&
	       sweep->resets_count < DP_RESETS) {
		struct poise_shard *shard = poise_shard(table, sweep->shard);
		uint32_t first = sweep->shard * table->records_per_shard + 1;
		uint32_t top = POISE_LOAD(shard->used_top), number, sequence;

		if (top > table->records_per_shard)
			top = table->records_per_shard;
		if (shard->sweep >= top) {
			shard->sweep = 0;
			sweep->shard = next_shard(sweep);
			sweep->access_shards -= sweep->access_shards > 0;
			empty++;
			continue;
		}
		number = first + shard->sweep++;
		if (shard->sweep + DP_SWEEP_AHEAD <= top)
			__builtin_prefetch(poise_record(table, number + DP_SWEEP_AHEAD), 0, 0); // once, and soon
		looked++;
		sequence = POISE_LOAD_ACQUIRE(poise_record(table, number)->sequence);
		if (end_flow(sweep, table, snapshot, stats, number, sequence, now_ms))
			removed++;
		else
			note_reset(sweep, table, snapshot, number, sequence);
	}
	sweep->credit -= (uint64_t)looked * DP_SWEEP_PASS_MS;
	sweep->more = removed == DP_SWEEP_REMOVALS;
	return looked;
}

bool dp_evict(const struct poise_table *table, uint32_t shard_index, struct poise_stats_worker *stats,
	      uint32_t now_ms)
{
	const struct poise_shard *shard = poise_shard(table, shard_index);
	uint32_t first = (shard_index & (POISE_SHARDS - 1)) * table->records_per_shard + 1;
	struct poise_found found = { 0 };

	if ((int32_t)POISE_LOAD(shard->half_open) <= 0)
		return false;
	if (!poise_evict_choose(table, NULL, shard_index, now_ms, DP_EVICT_WINDOW, DP_EVICT_LIMIT, &found) ||
	    !dp_flow_remove(table, stats, found.number, found.sequence))
		return false;
	// A flood comes back to this shard soon.
	for (uint32_t ahead = 0; ahead < DP_EVICT_WINDOW; ahead++)
		if (shard->evict + ahead < shard->used_top)
			__builtin_prefetch(poise_record(table, first + shard->evict + ahead));
	stats->counters[POISE_FLOW_EVICTED]++;
	return true;
}
