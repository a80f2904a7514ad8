// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Packets that somebody watches, into the ring of poise/trace.h, as the dataplane writes it. While nobody does, a
// packet that is balanced here pays one load of a word that is at hand and one branch; while somebody does, all take
// the general way and are copied before they are changed.
#pragma once

#include "view.bpf.h"

#include <poise/trace.h>

// Does somebody watch? poised says until when, so that its death ends it.
static __always_inline int xdp_watched(const struct xdp_view *view)
{
	return POISE_UNLIKELY(view->watch_until_ms) && (__s32)(view->watch_until_ms - xdp_now_ms()) > 0;
}

// Keep the frame as it is now. Returns 1, or 0 when it cannot be watched.
__noinline int xdp_watch_frame(struct xdp_md *context)
{
	struct xdp_watch_room *watch;
	__u32 length = xdp_length(context), captured = length, zero = 0;

	watch = bpf_map_lookup_elem(&poise_watch_room, &zero);
	if (captured > POISE_TRACE_BYTES)
		captured = POISE_TRACE_BYTES;
	__asm__ volatile("" : "+r"(captured)); // both bounds are checked on what is used
	if (!watch || captured < 1 || captured > POISE_TRACE_BYTES)
		return 0;
	watch->length = length;
	return !bpf_xdp_load_bytes(context, 0, watch->frame, captured);
}

// What to tell of the packet besides its bytes: its flow, or the service that it was sent to.
static __always_inline void watch_flow(const struct xdp_room *room, const struct poise_snapshot *snapshot,
				       struct xdp_watch_room *watch)
{
	const struct poise_key *key = &room->step.packet.key;
	const struct poise_flow *flow = NULL;

	watch->vip_index = room->step.vip_index;
	watch->backend_index = POISE_NONE16;
	if (room->found.number)
		flow = poise_record(&room->view.table, room->found.number);
	if (flow && poise_flow_is(flow, room->found.sequence)) {
		watch->vip_index = flow->vip_index;
		watch->backend_index = flow->backend_index;
	} else if (watch->vip_index == POISE_NONE16) {
		watch->vip_index = poise_vip_find(snapshot, key->dst, key->dst_port);
	}
}

// Write a record of the frame that is kept. `port` it came in or leaves by.
__noinline int xdp_watch_write(__u64 position, __u32 verdict, __u32 port, __u32 side)
{
	struct xdp_watch_room *watch;
	struct poise_trace_record *record;
	struct poise_line *bytes;
	struct xdp_room *room;
	__u32 line, zero = 0;

	watch = bpf_map_lookup_elem(&poise_watch_room, &zero);
	room = bpf_map_lookup_elem(&poise_room, &zero);
	if (!watch || !room)
		return 0;
	line = poise_trace_line(&room->view.table, position);
	record = xdp_line(line);
	if (!record)
		return 0;
	POISE_STORE(record->sequence, 0);
	POISE_BARRIER();
	record->at_ns = watch->at_ns;
	record->length = watch->length;
	record->captured = (__u16)(watch->length < POISE_TRACE_BYTES ? watch->length : POISE_TRACE_BYTES);
	record->vip_index = watch->vip_index;
	record->backend_index = watch->backend_index;
	record->side = (__u8)side;
	record->path = POISE_TRACE_XDP;
	record->port = (__u8)port;
	record->actor = (__u8)bpf_get_smp_processor_id();
	record->verdict = (__u8)verdict;
	POISE_NO_UNROLL
	for (__u32 i = 0; i < POISE_TRACE_RECORD_LINES - 1; i++) {
		bytes = xdp_line(line + 1 + i);
		if (!bytes || i * POISE_LINE_SIZE >= watch->length)
			break;
		*bytes = watch->frame[i];
	}
	POISE_STORE_RELEASE(record->sequence, position + 1);
	return 1;
}

// The packet's way is over: record it if it is one that is looked for. `leaves`: by `port`, as it is now.
__noinline int xdp_watch_end(struct xdp_md *context, __u32 verdict, __u32 port, __u32 leaves)
{
	const struct poise_trace_control *control;
	const struct poise_snapshot *snapshot;
	struct poise_trace_head *head;
	struct xdp_watch_room *watch;
	struct xdp_room *room;
	struct poise_key *out;
	__u64 position;
	__u32 zero = 0;

	watch = bpf_map_lookup_elem(&poise_watch_room, &zero);
	room = bpf_map_lookup_elem(&poise_room, &zero);
	if (!watch || !room)
		return 0;
	control = poise_trace_control(&room->view.table);
	head = poise_trace_head(&room->view.table);
	snapshot = xdp_snapshot(room->view.half);
	watch->at_ns = bpf_ktime_get_ns();
	if (!control || !head || !snapshot || POISE_LOAD_ACQUIRE(control->until_ns) <= watch->at_ns)
		return 0;
	watch_flow(room, snapshot, watch);
	out = &room->step.packet.key;
	if (leaves) {
		xdp_parse(context, &watch->out);
		out = &watch->out.key;
	}
	if (!poise_trace_wanted(control, &room->step.packet.key, out, watch->vip_index, watch->backend_index,
				(enum poise_verdict)verdict))
		return 0;
	position = POISE_FETCH_ADD(&head->next, leaves ? 2ull : 1ull);
	xdp_watch_write(position, verdict, room->view.port, POISE_TRACE_IN);
	if (leaves && xdp_watch_frame(context))
		xdp_watch_write(position + 1, verdict, port, POISE_TRACE_OUT);
	return 1;
}
