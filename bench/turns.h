// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// How long turns of the worker's loop take, told apart by what they did, in many short runs. A run in which the kernel
// interrupted the processor does not count: its turns tell of the kernel.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../dataplane/worker.h"
#include "interrupts.h"
#include "pauses.h"

#define TURNS_RUNS 200u

enum turns_kind {
	TURNS_OTHER,
	TURNS_SWEEP, // the sweep looked at records
	TURNS_SWAP,  // the first turn with a new snapshot
	TURNS_KINDS
};

struct turns {
	struct pauses kinds[TURNS_KINDS], run[TURNS_KINDS]; // of all runs that count; of the one that goes on
	struct interrupts interrupts;
	uint64_t before; // interrupts, when the run began
	uint64_t longest[TURNS_RUNS];
	uint32_t runs, quiet; // quiet: those that count, of whose longest turns there are as many
};

void turns_begin(struct turns *turns, uint32_t processor);

void turns_run_begin(struct turns *turns);
void turns_run_end(struct turns *turns);

// What a turn changes when it takes a snapshot or sweeps.
struct turns_mark {
	uint64_t generation;
	uint32_t swept;
};

static inline struct turns_mark turns_mark(const struct dp_worker *worker)
{
	return (struct turns_mark){
		.generation = worker->stats->generation,
		.swept = poise_shard(&worker->table, worker->sweep.shard)->sweep + (worker->sweep.shard << 26),
	};
}

static inline void turns_add(struct turns *turns, const struct dp_worker *worker, const struct turns_mark *before,
			     uint64_t ticks)
{
	struct turns_mark after = turns_mark(worker);
	enum turns_kind kind = TURNS_OTHER;

	if (after.generation != before->generation)
		kind = TURNS_SWAP;
	else if (after.swept != before->swept)
		kind = TURNS_SWEEP;
	pauses_add(&turns->run[kind], ticks);
}

// As members of a JSON object.
void turns_print(const struct turns *turns, double ticks_per_ns);
