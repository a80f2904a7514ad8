// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Flows that begin and end without a dataplane.
#pragma once

#include "view.bpf.h"

#define XDP_EVICT_WINDOW 16u // records that one eviction looks at
#define XDP_SNAT_TRIES 64u   // source ports that one SYN may try

// Remove a flow and count it as gone from its backend. Returns 1, or 0 when another writer was quicker.
__noinline int xdp_flow_remove(const struct poise_table *table, const struct poise_found *found, __u32 event)
{
	struct poise_stats_backend *backend;
	struct poise_flow *flow;
	__u32 index;

	if (!table || !found)
		return 0;
	flow = poise_record(table, found->number);
	if (!flow)
		return 0;
	index = flow->backend_index;
	if (!poise_flow_remove_if(table, flow, found->number, found->sequence))
		return 0;
	backend = xdp_backend(index);
	if (backend)
		backend->flows_removed++;
	xdp_count(event);
	return 1;
}

// Make room in a full shard: a flow whose time is over goes first, else the oldest half-open one of a few.
__noinline int xdp_evict(const struct xdp_view *view, __u32 shard)
{
	const struct poise_snapshot *snapshot;
	struct poise_found found = {};
	const struct poise_flow *flow;
	__u32 event = POISE_FLOW_EVICTED;

	if (!view)
		return 0;
	snapshot = xdp_snapshot(view->half);
	if (!snapshot || !poise_evict_choose(&view->table, snapshot, shard, view->now_ms, XDP_EVICT_WINDOW,
					     XDP_EVICT_WINDOW, &found))
		return 0;
	flow = poise_record(&view->table, found.number);
	if (flow && poise_flow_expired(snapshot, flow, view->now_ms))
		event = POISE_FLOW_EXPIRED;
	return xdp_flow_remove(&view->table, &found, event);
}

// As the dataplane has it: the exact clock is asked for segments with SYN alone, and 0 would be "not known".
static __always_inline __u32 xdp_now_us(void)
{
	return (__u32)(bpf_ktime_get_ns() / 1000) | 1;
}

// A segment with SYN of a flow that is there (poise/handshake.h).
__noinline int xdp_note_handshake(const struct xdp_view *view, const struct poise_step *step, __u32 number)
{
	struct poise_stats_backend *backend;
	const struct poise_flow *flow;

	if (!view || !step)
		return 0;
	flow = poise_record(&view->table, number);
	if (!flow)
		return 0;
	backend = xdp_backend(flow->backend_index);
	if (backend)
		poise_handshake_note(flow, (enum poise_direction)step->direction, step->packet.tcp_flags, xdp_now_us(),
				     backend);
	return 1;
}

// Make a flow for a SYN. Returns the verdict; on POISE_FORWARDED it is *found.
__noinline int xdp_create(struct xdp_md *context, const struct xdp_view *view, const struct poise_step *step,
			  struct poise_found *found)
{
	__u8 *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
	struct poise_xdp_counters *counters = xdp_counters();
	struct poise_stats_backend *backend;
	struct poise_create create = {};
	int verdict;

	if (!view || !step || !found || data + sizeof(struct poise_eth) > end)
		return POISE_NO_SNAPSHOT;
	create.snapshot = xdp_snapshot(view->half);
	if (!create.snapshot)
		return POISE_NO_SNAPSHOT;
	create.packet = &step->packet;
	create.source_mac = ((struct poise_eth *)data)->src;
	create.shards = ~0ull;
	create.snat_tries = XDP_SNAT_TRIES;
	create.now_ms = view->now_ms;
	if (create.snapshot->flags & POISE_SNAPSHOT_HANDSHAKES)
		create.now_us = xdp_now_us();
	create.vip_index = step->vip_index;
	create.port_index = (__u8)view->port;
	verdict = poise_flow_create(&view->table, &create, &step->place, &found->number);
	if (counters)
		counters->counters[POISE_SNAT_PROBE] += create.snat_probes;
	if (verdict != POISE_FORWARDED) {
		found->number = 0;
		return verdict;
	}
	found->sequence = create.sequence;
	if (create.joined) {
		xdp_count(POISE_SYN_REPEATED);
		return POISE_FORWARDED;
	}
	xdp_count(POISE_FLOW_CREATED);
	backend = xdp_backend(create.backend_index);
	if (backend)
		backend->flows_created++;
	return POISE_FORWARDED;
}
