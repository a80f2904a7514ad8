// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// How many flows each backend has, counted in the table itself. Two paths make and remove flows, and one of them starts
// its counters anew with each run and counts what it finds as made: the difference of the counters is not the answer.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <poise/table.h>
#include <poise/tcpstate.h>

#define CP_FLOW_COUNTS_FRESH_NS 100000000ull

struct cp_flow_counts {
	const struct poise_table *table; // NULL or without base: no flows
	uint64_t at_ns;			 // of the count, 0 none yet
	uint64_t took_ns;		 // that it took
	uint32_t states[POISE_STATES];
	uint32_t active[POISE_MAX_BACKENDS];
};

// Flows of a backend. Counts at most ten times a second, less often when the table is so large that counting would take
// more than a twentieth of the time; `now_ns` is any monotonic clock.
uint32_t cp_flow_counts(struct cp_flow_counts *counts, uint32_t backend, uint64_t now_ns);

// Flows of each state, as fresh as the above: states[POISE_STATES], that of POISE_STATE_FREE 0. False without a table.
bool cp_flow_counts_states(struct cp_flow_counts *counts, uint64_t now_ns, uint32_t *states);
