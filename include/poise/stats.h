// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// The stats page: what the dataplane counts, mapped read-only by poised. One slot a worker, written by that
// worker alone with plain 64-bit stores; readers add the slots up.
#pragma once

#include <poise/abi.h>
#include <poise/verdict.h>

struct poise_stats_port {
	__u64 rx_packets;
	__u64 rx_bytes;
	__u64 tx_packets;
	__u64 tx_bytes;
};

#define POISE_LATENCY_BUCKETS 20u
#define POISE_LATENCY_FIRST 5u // 32 microseconds; the last bound is 8.4 s

struct poise_stats_backend {
	__u64 flows_created;
	__u64 flows_removed; // active flows are created + found - removed, summed over workers
	__u64 packets[2]; // by enum poise_direction
	__u64 bytes[2];	  // IPv4 total length
	__u64 flows_found; // in the table when this dataplane took it over; an earlier one created them
	__u64 reserved;
	// Of handshakes, handshake.h.
	__u64 syn_repeated;	// by the client
	__u64 syn_ack_repeated; // by the backend
	__u64 latency_us;	// sum, from the first SYN to the first SYN-ACK
	__u64 syn_refused;	// by the backend, with a reset
	__u64 latency[POISE_LATENCY_BUCKETS]; // below 2^(POISE_LATENCY_FIRST + n) microseconds, the last: all others
};
POISE_ASSERT(sizeof(struct poise_stats_backend) == 4 * POISE_LINE_SIZE, "what each packet counts is one line");

// Packets to a service that reached no backend, by verdict: POISE_NO_FLOW is the first, and so on in their order.
#define POISE_UNSERVED 8u
POISE_ASSERT(POISE_REFUSED - POISE_NO_FLOW + 1 == POISE_UNSERVED, "verdicts of a service stand together");

// Which of them a verdict is; POISE_UNSERVED or more when it is none.
POISE_INLINE __u32 poise_unserved(__u32 verdict)
{
	return verdict - POISE_NO_FLOW;
}

struct poise_stats_service {
	__u64 unserved[POISE_UNSERVED];
};
POISE_ASSERT(sizeof(struct poise_stats_service) == POISE_LINE_SIZE, "one line");

struct poise_stats_worker {
	__u64 loops;
	__u64 busy_loops; // loops that found packets
	__u64 idle_ns;	  // time slept by adaptive idling
	__u64 generation; // of the snapshot in use
	__u64 shards;	  // bit n: shard n is owned by this worker
	__u32 lcore;
	__u32 running;
	__u64 reserved[2];
	__u64 counters[POISE_COUNTERS];
	struct poise_stats_port ports[POISE_MAX_PORTS];
	struct poise_stats_backend backends[POISE_MAX_BACKENDS] POISE_ALIGNED;
	struct poise_stats_service services[POISE_MAX_VIPS];
} POISE_ALIGNED;

struct poise_stats {
	__u64 magic;
	__u32 abi_version;
	__u32 workers;
	__u64 size;
	__u64 started_ns; // CLOCK_MONOTONIC
	__u64 reserved[4];
	__u64 rx_missed[POISE_MAX_PORTS]; // frames the device could not keep; writer: the main lcore, now and then
	struct poise_stats_worker worker[]; // `workers` of them
} POISE_ALIGNED;
POISE_ASSERT(sizeof(struct poise_stats) % POISE_LINE_SIZE == 0, "header lines");
POISE_ASSERT(sizeof(struct poise_stats_worker) % POISE_LINE_SIZE == 0, "slots do not share lines");
