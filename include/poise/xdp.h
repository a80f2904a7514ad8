// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// What poised and the XDP program share besides the snapshot and the flow table.
#pragma once

#include <poise/reply.h>
#include <poise/stats.h>

// Value of the one-element map poise_state. Writer: poised.
struct poise_xdp_state {
	__u32 active;	// which element of poise_snapshots is in force
	__u32 published; // 0 until the first snapshot is complete
	__u64 coarse_ns; // how far the kernel's coarse clock may lie behind the exact one; 0 not known
	__u32 watch_until_ms; // CLOCK_MONOTONIC: packets are recorded (trace.h) before this moment; 0: nobody watches
	__u32 reserved_half;
	__u64 reserved[5];
};
POISE_ASSERT(sizeof(struct poise_xdp_state) == POISE_LINE_SIZE, "one line");

// Value of the one-element map poise_interface, which every program instance has to itself. Writer: poised, before
// the program is attached.
struct poise_xdp_interface {
	__u32 port; // index into snapshot->ports
	__u32 reserved;
};

// What a program instance did with a frame before any look at its contents as a packet of a service.
enum poise_xdp_fate {
	POISE_XDP_PASSED,     // the kernel's own traffic
	POISE_XDP_REDIRECTED, // given to the dataplane
	POISE_XDP_BALANCED,   // no dataplane takes it: handled here, and counted by its verdict
	POISE_XDP_FATES,
};

// Value of the one-element per-CPU map poise_counters, of all instances together. Writer: the program on that CPU,
// by plain stores; poised adds the CPUs up.
struct poise_xdp_counters {
	__u64 fates[POISE_XDP_FATES];
	__u64 counters[POISE_COUNTERS];
	struct poise_stats_port ports[POISE_MAX_PORTS]; // of the frames that were balanced here
	struct poise_error_limit errors;
};
// Value of the per-CPU map poise_backends, by backend index: struct poise_stats_backend. Of poise_services, by index of
// the service: struct poise_stats_service.
