// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A worker: one lcore that polls its queues and owns its shards of the flow table. It never blocks, logs,
// allocates or makes a system call (but to sleep when idle), and writes no other worker's memory.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#include <poise/reply.h>

#include "clock.h"
#include "idle.h"
#include "sweep.h"

#define DP_BURST 32u
#define DP_MAX_RECEIVE (POISE_MAX_PORTS * POISE_MAX_QUEUES)

enum dp_phase {
	DP_PHASE_RUN,
	DP_PHASE_DRAIN, // no more from the devices, the rings are emptied
	DP_PHASE_EXIT,
};

// What all workers see.
struct dp_shared {
	const struct poise_snapshot *snapshot; // main: w(release)  worker: r(acquire), once a burst
	uint32_t phase;			       // enum dp_phase. main: w  worker: r
	struct dp_clock clock;
	struct rte_rcu_qsbr *readers; // workers report that they hold no snapshot
};

// A queue that the worker polls.
struct dp_receive {
	uint16_t device;
	uint16_t queue;
	uint16_t port; // logical: index into snapshot->ports
};

// Packets on their way out by one logical port.
struct dp_transmit {
	struct rte_mbuf *packets[DP_BURST];
	uint8_t verdicts[DP_BURST]; // of those in `answers`
	uint64_t bytes;
	uint32_t answers; // bit n: packets[n] is counted as verdicts[n] once it is sent, else as POISE_FORWARDED
	uint32_t count;
	uint16_t device;
	uint16_t queue;
	uint8_t owner; // worker whose queue it is
};

// Packets on their way to another worker.
struct dp_handoff {
	struct rte_mbuf *packets[DP_BURST];
	uint32_t count;
};

// What is known of a packet between two stages.
struct dp_look {
	uint8_t *frame;
	const struct poise_bucket *bucket; // where its flow is entered, if it is the first place
	struct poise_flow *flow;	   // most likely it; to be compared
	uint16_t signature;
	uint8_t direction; // enum poise_direction
	uint8_t lane;	   // enum poise_lane
	uint8_t shard;	   // of its flow, there or not
};

// One burst on its way through the stages; each is a loop over arrays, so that the memory accesses of
// different packets overlap.
struct dp_burst {
	const struct poise_snapshot *snapshot;
	uint32_t now_ms;
	struct rte_mbuf *packets[DP_BURST];
	struct dp_look looks[DP_BURST];
};

struct dp_worker {
	// Constant while the worker runs; written by the main lcore before.
	struct dp_shared *shared;
	struct poise_stats_worker *stats; // own slot
	struct poise_table table;
	uint64_t shards;
	uint32_t index;
	uint32_t workers;
	uint32_t ports;
	uint32_t receive_count;
	uint8_t homes[POISE_SHARDS]; // worker whose shard it is
	struct dp_receive receive[DP_MAX_RECEIVE];
	struct rte_mempool *pool; // for packets of our own
	struct rte_ring *handoff_rings[POISE_MAX_WORKERS];  // to worker n: find its flow and go on
	struct rte_ring *transmit_rings[POISE_MAX_WORKERS]; // to worker n: send only

	// The worker's own.
	uint8_t owners[POISE_SHARDS]; // as `homes`, or this worker where it stands in for a late one
	uint32_t stands_in;	      // bit n: for worker n
	struct dp_time time;
	struct dp_sweep sweep;
	struct dp_idle idle;
	struct poise_flow nothing; // no packet is of this flow
	uint64_t now_ns;
	struct poise_error_limit errors;
	uint32_t snat_failed_ms[POISE_MAX_VIPS];   // when no source port was left for the service
	uint32_t snat_borrowed_ms[POISE_MAX_VIPS]; // when only other workers had one
	uint32_t transmit_pending;	      // bit n: transmit[n] has packets
	uint32_t handoff_pending;
	struct dp_transmit transmit[POISE_MAX_PORTS];
	struct dp_handoff handoff[POISE_MAX_WORKERS];
	struct dp_burst burst;
} __rte_cache_aligned;

// Read the clock, and show the others that the worker lives. The worker's thread; once the main lcore's before it
// launches any: those that begin first would find a beat of the last process, or none, and stand in for the rest.
void dp_worker_beat(struct dp_worker *worker);

// First things in the worker's own thread.
void dp_worker_begin(struct dp_worker *worker);

// One turn of the loop. Returns the number of packets it moved. The single worker of a process without worker
// lcores is run by the main lcore this way, between cold work.
uint32_t dp_worker_turn(struct dp_worker *worker);

// The whole life of a worker lcore: turns until DP_PHASE_EXIT. `argument` is a struct dp_worker.
int dp_worker_run(void *argument);
