// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// How many flows live, of each backend and of all, counted in the table itself. Two paths make and remove flows, so the
// difference of their counters is not the answer. A flow whose idle time is over does not live: where no dataplane
// sweeps, its record stays until a packet or a new flow takes it (docs/decisions/0013-who-removes-idle-flows.md).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <poise/snapshot.h>
#include <poise/table.h>
#include <poise/tcpstate.h>

#define CP_FLOW_COUNTS_FRESH_NS 100000000ull
#define CP_FLOW_COUNTS_AT_ONCE 131072u // records that are counted in one go: about two milliseconds
#define CP_FLOW_COUNTS_SLICE 65536u    // of a larger table, in a step

// What was found in the whole table.
struct cp_flow_tally {
	uint64_t live;
	uint64_t half_open; // of these
	uint64_t over;	    // records of flows that do not live any more
	uint32_t states[POISE_STATES]; // of those that live
	uint32_t active[POISE_MAX_BACKENDS];
};

struct cp_flow_counts {
	const struct poise_table *table; // NULL or without base: no flows
	struct poise_snapshot *const *snapshot; // the one with the idle times; NULL: every flow lives
	uint64_t at_ns;	    // of the count, 0 none yet
	uint64_t took_ns;   // that it took
	struct cp_flow_tally whole;
	struct cp_flow_tally next; // of the round that is under way
	uint32_t shard;		   // where it goes on
	uint32_t record;
};

// A large table is counted by steps: count a slice of it. False: the table is small, nobody needs to come again soon.
bool cp_flow_counts_step(struct cp_flow_counts *counts, uint64_t now_ns);

// Flows of a backend. A small table is counted at most ten times a second, of a large one it is what the last round of
// steps found, and only the first one is counted at once. `now_ns` is CLOCK_MONOTONIC, by which both data paths note
// when they saw a flow.
uint32_t cp_flow_counts(struct cp_flow_counts *counts, uint32_t backend, uint64_t now_ns);

// The same for the whole table: `whole` is fresh then. False without a table.
bool cp_flow_counts_refresh(struct cp_flow_counts *counts, uint64_t now_ns);

// Flows of each state, as fresh as the above: states[POISE_STATES], that of POISE_STATE_FREE 0. False without a table.
bool cp_flow_counts_states(struct cp_flow_counts *counts, uint64_t now_ns, uint32_t *states);
