// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// The short way for nearly all packets: plain ones (poise_plain()) of established flows, in one piece,
// without a part to call and without room in memory. What it does is what the general way comes to; whatever
// is unusual goes there.
#pragma once

#include "gate.bpf.h"
#include "leave.bpf.h"
#include "trace.bpf.h"

#include <poise/quick.h>

// The record that most likely is the packet's: the first in its first bucket with the right signature.
static __always_inline struct poise_flow *quick_guess(const struct poise_table *table,
						      const struct poise_place *place)
{
	const struct poise_bucket *bucket = poise_bucket(table, place, 0);
	__u32 match, slot, number;

	if (!bucket)
		return NULL;
	match = poise_bucket_match(bucket, place->signature);
	slot = POISE_LOWEST_BIT(match);
	if (!match || slot >= POISE_BUCKET_SLOTS)
		return NULL;
	number = POISE_LOAD(bucket->record[slot]);
	return number ? poise_record(table, number) : NULL;
}

// Returns the action, or XDP_ABORTED and nothing was done: the general way is due.
__noinline int xdp_quick(struct xdp_md *context)
{
	void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
	const struct poise_snapshot *snapshot;
	enum poise_direction direction;
	struct poise_plain *plain = data;
	__u32 length = xdp_length(context), sequence, bytes;
	struct poise_place place;
	struct poise_flow *flow;
	struct xdp_view view;
	__u16 port;

	if (!poise_plain(data, end, length) || poise_lane(plain) != POISE_LANE_QUICK)
		return XDP_ABORTED;
	snapshot = xdp_open(context, &view);
	if (!snapshot)
		return XDP_ABORTED;
	direction = poise_locate_plain(snapshot, &view.table, plain, &place);
	flow = quick_guess(&view.table, &place);
	if (!flow)
		return XDP_ABORTED;
	sequence = POISE_LOAD_ACQUIRE(flow->sequence);
	if (!poise_known_matches(flow, sequence, direction, plain))
		return XDP_ABORTED;
	if (xdp_to_dataplane(&view) == XDP_REDIRECT) {
		xdp_count_fate(POISE_XDP_REDIRECTED);
		return XDP_REDIRECT;
	}
	bytes = POISE_HOST16(plain->ip.total_length);
	if (xdp_watched(&view) || snapshot->flags & POISE_SNAPSHOT_NO_FALLBACK ||
	    poise_flow_expired(snapshot, flow, view.now_ms) ||
	    poise_flow_denied(snapshot, flow) ||
	    !poise_quick_forward(snapshot, flow, direction, plain, view.now_ms, &port))
		return XDP_ABORTED;
	xdp_count_received(&view, length);
	if (!poise_flow_is(flow, sequence)) { // given away meanwhile
		xdp_count(POISE_NO_FLOW);
		return XDP_DROP;
	}
	xdp_count(POISE_FORWARDED);
	xdp_count_backend(flow, direction, bytes);
	return xdp_leave(port, length);
}
