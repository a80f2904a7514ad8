// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Taking over a flow table that another process left behind. Plain C without EAL. Cold: once, before the
// workers start.
#pragma once

#include <stdint.h>

#include <poise/path.h>
#include <poise/stats.h>

struct dp_recovery {
	uint32_t flows;	    // live ones found
	uint32_t reclaimed; // records that a killed writer had claimed and never finished
};

// Give back the records that nobody finished, drop index entries that name no flow, count the half-open flows
// anew and enter the live flows into the workers' backend counters: shard n belongs to worker owners[n] of
// *page. A writer that is alive (the XDP path) may go on meanwhile: only what stays unfinished for some
// milliseconds is reclaimed. Returns 0 or -ENOMEM.
int dp_recover(const struct poise_table *table, struct poise_stats *page,
	       const uint8_t owners[POISE_SHARDS], struct dp_recovery *recovery);
