// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Expiry and eviction of flows in bounded steps. Plain C without EAL, so that tests and sanitizers see it.
// Called by the worker that owns the shards; no lock, no system call, no clock of its own.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <poise/expire.h>
#include <poise/path.h>
#include <poise/reset.h>
#include <poise/stats.h>

#define DP_RESETS 32u	       // flows to be reset that one turn may find
#define DP_SWEEP_PASS_MS 2048u // all records of a worker's shards are looked at about this often

// Flows that one run removes at most. A removal takes the flow's bucket, which nobody asked for before: after a flood
// some six times a mere look, and a packet that comes meanwhile waits for the end of the run.
#define DP_SWEEP_REMOVALS 64u

struct dp_sweep {
	uint64_t shards;  // bit n: shard n is ours
	uint64_t records; // ever used in these shards, counted now and then
	uint64_t credit;  // records due, times DP_SWEEP_PASS_MS
	uint32_t shard;	  // where the sweep is; the record is in the shard itself
	uint32_t last_ms;
	uint32_t counted_ms;
	bool more;		 // the last run ended by DP_SWEEP_REMOVALS: there is no time to sleep
	uint64_t access_version; // of the snapshot whose lists are asked about flows that are there
	uint32_t access_shards;	 // how many shards still to go through with it
	uint32_t resets_count; // the worker takes them after each turn
	struct poise_found resets[DP_RESETS];
};

void dp_sweep_init(struct dp_sweep *sweep, const struct poise_table *table, uint64_t shards,
		   uint32_t now_ms);

// Look at the records that are due, at most `budget`, and remove the flows whose idle time is over. Counts into *stats.
// After the lists of sources have changed two passes also end the flows of sources that are denied now: what was made
// by the old lists meanwhile is seen by the second. Flows whose backend is to lose its flows are noted in
// sweep->resets. Returns how many were looked at.
uint32_t dp_sweep_run(struct dp_sweep *sweep, const struct poise_table *table,
		      const struct poise_snapshot *snapshot, struct poise_stats_worker *stats,
		      uint32_t now_ms, uint32_t budget);

// Is the flow's idle time over? False for records without a visible flow.
bool dp_flow_expired(const struct poise_flow *flow, const struct poise_snapshot *snapshot,
		     uint32_t now_ms);

// Make room in a full shard: remove the oldest half-open flow of the next few records. Established flows are
// never removed. Returns true when there was one.
bool dp_evict(const struct poise_table *table, uint32_t shard_index, struct poise_stats_worker *stats,
	      uint32_t now_ms);

// Remove the flow that had `sequence` and count it as gone from its backend. Returns false when another writer was
// quicker.
bool dp_flow_remove(const struct poise_table *table, struct poise_stats_worker *stats, uint32_t number,
		    uint32_t sequence);
