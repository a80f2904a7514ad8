// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The walk over the flow table that finds what the peer lacks. Bounded for each turn of the event loop; reads the
// table, writes the shadows. Pure: time is an argument.
#pragma once

#include <poise/snapshot.h>

#include "sync_shadow.h"
#include "sync_wire.h"

// The age of a flow at the peer is never wrong by more, nor by more than a quarter of its timeout.
#define CP_SYNC_REFRESH_MS 30000u

struct cp_sync_scan {
	const struct poise_table *table;
	struct cp_sync_shadows *shadows;
	uint32_t shard;
	uint32_t position;
	bool whole;	 // a pass of this session has come to its end
	uint32_t passes; // since the beginning
	// Room for one more flow? Taken when true is returned.
	bool (*emit)(void *context, const struct cp_sync_flow *flow);
	void *context;
};

// Begin anew: the peer has nothing, or nobody knows what.
void cp_sync_scan_restart(struct cp_sync_scan *scan);

// Look at up to `budget` records, fewer when emit() has no room or the pass ends. Returns true when the pass has ended.
bool cp_sync_scan_run(struct cp_sync_scan *scan, const struct poise_snapshot *snapshot, uint32_t now_ms,
		      uint32_t budget);
