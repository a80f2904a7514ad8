// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The process: workers, ports, flow table and the snapshot they run by. Main lcore only.
#pragma once

#include <stdbool.h>

#include "live.h"
#include "memory.h"
#include "options.h"
#include "port.h"
#include "stats.h"
#include "worker.h"

struct dp_dataplane {
	struct dp_options options;
	struct dp_shared shared;
	struct dp_memory memory;
	struct dp_stats stats;
	struct dp_ports ports;
	struct poise_snapshot *snapshot; // the one in shared, ours to free
	struct poise_snapshot *retired;	 // an old one that a worker may still read
	uint64_t retired_token;
	struct dp_worker *workers[POISE_MAX_WORKERS];
	uint32_t workers_count;
	bool running;	  // ports are up and workers turn
	bool inside;	  // the single worker is turned by the main lcore
	uint8_t owners[POISE_SHARDS];
};

// After EAL: stats page, clock, worker structs. Returns 0 or -errno with a line.
int dp_dataplane_init(struct dp_dataplane *dataplane, struct dp_error *error);
void dp_dataplane_fini(struct dp_dataplane *dataplane);

// Give it a flow table: a new one of its own, or the one in `fd`. Only once.
int dp_dataplane_create_table(struct dp_dataplane *dataplane, struct dp_error *error);
int dp_dataplane_map_table(struct dp_dataplane *dataplane, int fd, uint64_t bytes, struct dp_error *error);

// Run by `snapshot`, which is taken over on success. The first one configures the ports and starts the workers;
// when that fails (*fatal is set) the process has to end. A later one replaces the running one; returns when
// every worker uses it.
int dp_dataplane_use(struct dp_dataplane *dataplane, struct poise_snapshot *snapshot, bool *fatal,
		     struct dp_error *error);

// Measure the clocks' offset again. Called about ten times a second.
void dp_dataplane_sync(struct dp_dataplane *dataplane);

// Tell the XDP program that no worker takes packets from now on.
void dp_dataplane_close_gates(struct dp_dataplane *dataplane);

// End the workers so that no packet is left in between: the gates are closed, the devices are emptied (for a bounded
// time), then the rings, then the workers end.
void dp_dataplane_stop(struct dp_dataplane *dataplane);
