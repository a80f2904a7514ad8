// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// How many flows each backend has, counted in the table itself. Two paths make and remove flows, and one of them starts
// its counters anew with each run and counts what it finds as made: the difference of the counters is not the answer.
#pragma once

#include <stdint.h>

#include <poise/table.h>

#define CP_FLOW_COUNTS_FRESH_NS 100000000ull

struct cp_flow_counts {
	const struct poise_table *table; // NULL or without base: no flows
	uint64_t at_ns;			 // of the count, 0 none yet
	uint32_t active[POISE_MAX_BACKENDS];
};

// Flows of a backend. Counts at most ten times a second; `now_ns` is any monotonic clock.
uint32_t cp_flow_counts(struct cp_flow_counts *counts, uint32_t backend, uint64_t now_ns);
