// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Maps of the XDP program. poised creates the shared ones once and gives them to every program instance;
// only xsks_map belongs to one interface (its key is a queue number alone).
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <poise/snapshot.h>
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

// What this program did with frames, by enum poise_xdp_fate.
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, POISE_XDP_FATES);
	__type(key, __u32);
	__type(value, __u64);
} poise_fates SEC(".maps");
