// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// What a run of the program knows of its surroundings. Pointers into maps do not go through the calls of
// parts that the verifier judges by themselves; so a part looks up again, which is a few instructions.
#pragma once

#include "maps.bpf.h"

static __always_inline const struct poise_snapshot *xdp_snapshot(__u32 half)
{
	half &= 1;
	return bpf_map_lookup_elem(&poise_snapshots, &half);
}

static __always_inline struct poise_xdp_counters *xdp_counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&poise_counters, &zero);
}

static __always_inline struct poise_stats_backend *xdp_backend(__u32 index)
{
	index &= POISE_MAX_BACKENDS - 1;
	return bpf_map_lookup_elem(&poise_backends, &index);
}

static __always_inline __u32 xdp_length(struct xdp_md *context)
{
	__u64 length = (__u64)((void *)(long)context->data_end - (void *)(long)context->data);

	__asm__ volatile("" : "+r"(length)); // else it is computed from halves of pointers
	return (__u32)length;
}

static __always_inline void xdp_count_fate(__u32 fate)
{
	struct poise_xdp_counters *counters = xdp_counters();

	if (counters && fate < POISE_XDP_FATES)
		counters->fates[fate]++;
}

static __always_inline void xdp_count(__u32 verdict)
{
	struct poise_xdp_counters *counters = xdp_counters();

	__asm__ volatile("" : "+r"(verdict)); // the bound is checked on what is used as the index
	if (counters && verdict < POISE_COUNTERS)
		counters->counters[verdict]++;
}

// Milliseconds of the kernel's coarse clock, which moves with the ticks: asked once a tick. It may lie behind
// by one tick more, which is of no matter to what idles for seconds.
static __always_inline __u32 xdp_now_ms(void)
{
	__u64 tick = bpf_jiffies64();
	struct xdp_clock *clock;
	__u32 zero = 0;

	clock = bpf_map_lookup_elem(&poise_clock, &zero);
	if (!clock)
		return 0;
	if (clock->tick != tick) {
		clock->now_ms = (__u32)(bpf_ktime_get_coarse_ns() / 1000000);
		clock->tick = tick;
	}
	return clock->now_ms;
}

__noinline int xdp_parse(struct xdp_md *context, struct poise_packet *packet)
{
	void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;

	if (!packet)
		return POISE_NO_SNAPSHOT;
	return poise_parse(data, end, (__u32)(end - data), packet);
}

// Find the snapshot and the flow table. Returns NULL before the first snapshot: everything is the kernel's
// then.
static __always_inline const struct poise_snapshot *xdp_open(struct xdp_md *context, struct xdp_view *view)
{
	const struct poise_xdp_interface *interface;
	const struct poise_table_header *header;
	const struct poise_snapshot *snapshot;
	const struct poise_xdp_state *state;
	__u32 zero = 0;

	state = bpf_map_lookup_elem(&poise_state, &zero);
	interface = bpf_map_lookup_elem(&poise_interface, &zero);
	header = xdp_line(0);
	if (!state || !interface || !header || !state->published || header->magic != POISE_TABLE_MAGIC)
		return NULL;
	view->half = state->active & 1;
	snapshot = xdp_snapshot(view->half);
	if (!snapshot)
		return NULL;
	view->port = interface->port & (POISE_MAX_PORTS - 1);
	view->queue = context->rx_queue_index;
	view->coarse_ns = state->coarse_ns;
	view->heartbeat_ns = snapshot->heartbeat_ns;
	view->watch_until_ms = state->watch_until_ms;
	view->table.seed[0] = header->seed[0];
	view->table.seed[1] = header->seed[1];
	view->table.shard_first = header->shard_first;
	view->table.cursor_first = header->cursor_first;
	view->table.gate_first = header->gate_first;
	view->table.bucket_first = header->bucket_first;
	view->table.record_first = header->record_first;
	view->table.buckets_per_shard = header->buckets_per_shard;
	view->table.records_per_shard = header->records_per_shard;
	return snapshot;
}
