// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A worker that hangs must not take the flows of its shards with it. The XDP program bypasses it at its own queues; at
// the queues of the others its packets would wait in a ring that nobody empties. So every worker stands in for one
// whose beat is late: it treats the shards as its own. Several writers of a shard are safe (decision 0007). The
// worker's thread; no system call, no lock.
#pragma once

#include "worker.h"

#define DP_STAND_IN_TURNS 64u	     // between two looks
#define DP_STAND_IN_NS (20ull * 1000 * 1000) // at least so late; a worker that waits for its core is not hung

// Look at the beats of the others and take or give back their shards. Between two bursts.
void dp_stand_in_look(struct dp_worker *worker);
