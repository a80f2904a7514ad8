// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The stats page: memory that the workers count into and poised maps read-only. Main lcore makes it; each worker
// writes its own slot.
#pragma once

#include <poise/stats.h>

#include "log.h"

struct dp_stats {
	struct poise_stats *page;
	size_t bytes;
	int fd;	      // of the memfd, ours
	int share_fd; // the same, opened for reading: what poised gets
};

// `now_ns`: CLOCK_MONOTONIC.
int dp_stats_init(struct dp_stats *stats, unsigned int workers, unsigned long long now_ns,
		  struct dp_error *error);
void dp_stats_fini(struct dp_stats *stats);

// Sums over all workers.
unsigned long long dp_stats_received(const struct dp_stats *stats); // packets from devices
unsigned long long dp_stats_counter(const struct dp_stats *stats, enum poise_verdict verdict);
