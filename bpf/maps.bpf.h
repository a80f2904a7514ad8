// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Maps of the XDP program. poised creates the shared ones once and gives them to every program instance;
// only xsks_map (its key is a queue number alone) and
// poise_interface belong to one interface.
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <poise/abi.h>

// The flow table's lines, before poise/table.h is included.
static __always_inline void *xdp_line(__u32 line);
#define POISE_TABLE_LINE(table, line) xdp_line(line)

#include <poise/decide.h>
#include <poise/expire.h>
#include <poise/xdp.h>

// The AF_XDP sockets of this interface by queue. DPDK's driver finds the map by this name.
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, POISE_MAX_QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

// The flow table, one 64-byte line a value (poise/table.h). poised sizes it.
struct poise_line {
	__u64 words[POISE_LINE_SIZE / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct poise_line);
} poise_flows SEC(".maps");

// Two snapshots: poised writes the one that is not active, then flips poise_state.active.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct poise_snapshot);
} poise_snapshots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct poise_xdp_state);
} poise_state SEC(".maps");

// Which port of the configuration this instance's interface is.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct poise_xdp_interface);
} poise_interface SEC(".maps");

// The interfaces by port: where packets leave when they do not go through the dataplane.
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, POISE_MAX_PORTS);
	__type(key, __u32);
	__type(value, __u32);
} poise_devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct poise_xdp_counters);
} poise_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, POISE_MAX_BACKENDS);
	__type(key, __u32);
	__type(value, struct poise_stats_backend);
} poise_backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, POISE_MAX_VIPS);
	__type(key, __u32);
	__type(value, struct poise_stats_service);
} poise_services SEC(".maps");

// What a run of the program knows of its surroundings.
struct xdp_view {
	struct poise_table table;
	__u32 half; // the snapshot in force
	__u32 port; // of this interface
	__u32 now_ms;
	__u32 queue;
	__u64 heartbeat_ns;
	__u64 coarse_ns;
	__u32 watch_until_ms; // poise_xdp_state
};

// Room for what does not fit on the stack of 512 bytes.
struct xdp_room {
	struct xdp_view view;
	struct poise_step step;
	struct poise_found found;
	__u32 watched; // the frame as it came is in poise_watch_room
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct xdp_room);
} poise_room SEC(".maps");

// A packet that somebody watches (trace.bpf.h).
struct xdp_watch_room {
	struct poise_line frame[POISE_TRACE_RECORD_LINES - 1]; // as it came, then as it leaves
	struct poise_packet out; // what is read from it as it leaves
	__u64 at_ns;
	__u32 length; // of the frame
	__u16 vip_index;
	__u16 backend_index;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct xdp_watch_room);
} poise_watch_room SEC(".maps");

// What the coarse clock said at a tick, for this CPU.
struct xdp_clock {
	__u64 tick;
	__u32 now_ms;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct xdp_clock);
} poise_clock SEC(".maps");

static __always_inline void *xdp_line(__u32 line)
{
	return bpf_map_lookup_elem(&poise_flows, &line);
}
