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

struct cp_flow_counts {
	const struct poise_table *table; // NULL or without base: no flows
	struct poise_snapshot *const *snapshot; // the one with the idle times; NULL: every flow lives
	uint64_t at_ns;	    // of the count, 0 none yet
	uint64_t took_ns;   // that it took
	uint64_t live;
	uint64_t half_open; // of these
	uint64_t over;	    // records of flows that do not live any more
	uint32_t states[POISE_STATES]; // of those that live
	uint32_t active[POISE_MAX_BACKENDS];
};

// Flows of a backend. Counts at most ten times a second, less often when the table is so large that counting would take
// more than a twentieth of the time; `now_ns` is CLOCK_MONOTONIC, by which both data paths note when they saw a flow.
uint32_t cp_flow_counts(struct cp_flow_counts *counts, uint32_t backend, uint64_t now_ns);

// The same for the whole table: live, half_open and over are fresh then. False without a table.
bool cp_flow_counts_refresh(struct cp_flow_counts *counts, uint64_t now_ns);

// Flows of each state, as fresh as the above: states[POISE_STATES], that of POISE_STATE_FREE 0. False without a table.
bool cp_flow_counts_states(struct cp_flow_counts *counts, uint64_t now_ns, uint32_t *states);
