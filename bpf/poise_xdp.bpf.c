// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Frames that belong to a service or to a known return path go to the dataplane's AF_XDP socket of their
// queue, and when no dataplane takes them they are balanced here, by the same flow table and the same
// headers. Everything else (ARP, SSH, health checks, routing protocols) goes to the kernel. No packet
// arithmetic here: all of it is include/poise/.
//
// DPDK's AF_XDP driver adopts an attached program that is named xsk_def_prog, says xsk_prog_version 1 and
// uses a map xsks_map; so the attachment belongs to poised and outlives the dataplane.
#include "answer.bpf.h"
#include "host.bpf.h"
#include "open.bpf.h"
#include "quick.bpf.h"

// Read by libxdp when the driver looks for a program to share.
__uint(xsk_prog_version, 1) SEC("xdp_metadata");

// The fate of a packet of a service; on POISE_FORWARDED *found is its flow, or number 0 when one is to be
// made.
static __always_inline int decide(struct xdp_view *view, const struct poise_snapshot *snapshot,
				  struct poise_step *step, struct poise_found *found)
{
	enum poise_verdict verdict, event;
	struct poise_flow *flow = NULL;

	if (found->number) {
		flow = poise_record(&view->table, found->number);
		// Nobody sweeps while the dataplane is away: what has idled too long is not there.
		if (!flow || (poise_flow_expired(snapshot, flow, view->now_ms) &&
			      xdp_flow_remove(&view->table, found, POISE_FLOW_EXPIRED)))
			flow = NULL;
		// Nor does anybody look for the flows of a source that is denied now.
		if (flow && poise_flow_denied(snapshot, flow) &&
		    xdp_flow_remove(&view->table, found, POISE_FLOW_DENIED))
			flow = NULL;
	}
	if (flow) {
		if (snapshot->flags & POISE_SNAPSHOT_HANDSHAKES && poise_decide_notes(step))
			xdp_note_handshake(view, step, found->number);
		verdict = poise_decide(snapshot, &view->table, flow, step, view->now_ms, &event);
		if (event != POISE_FORWARDED)
			xdp_count(event);
		if (verdict != POISE_FLOW_RESCHEDULED)
			return verdict;
		xdp_flow_remove(&view->table, found, POISE_FLOW_RESCHEDULED);
	}
	found->number = 0;
	return poise_decide_without(snapshot, step);
}

// Rewrite by the flow. Returns the verdict, with the port in *port.
static __always_inline int translate(struct xdp_md *context, const struct xdp_view *view,
				     const struct poise_snapshot *snapshot, const struct poise_step *step,
				     const struct poise_found *found, __u16 *port)
{
	void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
	struct poise_flow *flow = poise_record(&view->table, found->number);
	int verdict;

	if (!flow)
		return POISE_NO_FLOW;
	verdict = poise_rewrite(snapshot, flow, step, data, end, port);
	if (!poise_flow_is(flow, found->sequence)) // given away meanwhile
		return POISE_NO_FLOW;
	if (verdict == POISE_FORWARDED)
		xdp_count_backend(flow, step->direction,
				  step->packet.l4 - step->packet.l3 + step->packet.l4_length);
	return verdict;
}

// Is this frame for Poise at all? Of what is broken, only what was sent to a service. Where no kernel waits
// for the rest, all is.
static __always_inline int is_ours(const struct poise_snapshot *snapshot, struct xdp_view *view,
				   struct poise_step *step, struct poise_found *found, int verdict)
{
	int alone = !(snapshot->flags & POISE_SNAPSHOT_EXCEPTION_PATH);

	if (verdict == POISE_FORWARDED &&
	    (step->packet.kind == POISE_PACKET_TCP || step->packet.kind == POISE_PACKET_ICMP_ERROR)) {
		poise_classify(snapshot, &view->table, step);
		poise_table_look(&view->table, &step->place, &step->packet.key, step->direction, found);
		return step->direction == POISE_INWARD || found->number || alone;
	}
	if (verdict != POISE_FORWARDED && poise_verdict_kind((enum poise_verdict)verdict) != POISE_KIND_DROP)
		return alone;
	return alone || (step->packet.outer_dst &&
			 poise_vip_find(snapshot, step->packet.outer_dst, 0) != POISE_NONE16);
}

static __always_inline struct xdp_room *room_of_run(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&poise_room, &zero);
}

// Let the frame go as its verdict says.
static __always_inline int let_go(struct xdp_md *context, struct xdp_room *room, int verdict, __u32 port)
{
	__u32 length = xdp_length(context);

	if (verdict == POISE_FLOW_RESET || verdict == POISE_REFUSED)
		return xdp_answer_reset(context, &room->view, &room->step.packet) ?
			       xdp_leave(room->view.port, xdp_length(context)) :
			       XDP_DROP;
	switch (poise_verdict_kind((enum poise_verdict)verdict)) {
	case POISE_KIND_FORWARD:
	case POISE_KIND_REPLY:
		return xdp_leave(port, length);
	case POISE_KIND_PASS:
		return xdp_host(context, &room->view);
	default:
		if (verdict == POISE_TTL_EXPIRED && xdp_answer_expired(context, &room->view, &room->step))
			return xdp_leave(room->view.port, xdp_length(context));
		return XDP_DROP;
	}
}

// The packet got no backend: count that for the service it was sent to.
__noinline int xdp_count_unserved(__u32 vip_index, __u32 which)
{
	struct poise_stats_service *service = bpf_map_lookup_elem(&poise_services, &vip_index);

	if (service && which < POISE_UNSERVED)
		service->unserved[which]++;
	return 0;
}

// The packet's way is over. `port` to leave by, which answers do not ask for.
static __always_inline int end(struct xdp_md *context, struct xdp_room *room, int verdict, __u32 port)
{
	int action;

	xdp_count((__u32)verdict);
	if (POISE_UNLIKELY(poise_unserved((__u32)verdict) < POISE_UNSERVED))
		xdp_count_unserved(room->step.vip_index, poise_unserved((__u32)verdict)); // POISE_NONE16 is none
	action = let_go(context, room, verdict, port);
	if (POISE_UNLIKELY(room->watched)) {
		if (action == XDP_DROP && poise_verdict_kind((enum poise_verdict)verdict) == POISE_KIND_PASS)
			verdict = POISE_HOST_DENIED;
		xdp_watch_end(context, (__u32)verdict, verdict == POISE_FORWARDED ? port : room->view.port,
			      action == XDP_REDIRECT);
	}
	return action;
}

// A frame that is for no service. Those that the firewall drops can be watched.
static __always_inline int end_host(struct xdp_md *context, struct xdp_room *room, __u32 flags)
{
	if (flags & POISE_SNAPSHOT_HOST_DENY && xdp_host(context, &room->view) == XDP_DROP) {
		if (xdp_watched(&room->view) && xdp_watch_frame(context))
			xdp_watch_end(context, POISE_HOST_DENIED, 0, 0);
		return XDP_DROP;
	}
	xdp_count_fate(POISE_XDP_PASSED);
	return XDP_PASS;
}

// The packet has a flow, or a reason why not: the last part of its way.
__noinline int xdp_finish(struct xdp_md *context, int verdict)
{
	const struct poise_snapshot *snapshot;
	struct xdp_room *room = room_of_run();
	__u16 port;

	if (!room)
		return XDP_DROP;
	snapshot = xdp_snapshot(room->view.half);
	if (!snapshot)
		return XDP_DROP;
	port = (__u16)room->view.port;
	if (verdict == POISE_FORWARDED)
		verdict = translate(context, &room->view, snapshot, &room->step, &room->found, &port);
	return end(context, room, verdict, port);
}

#define WANTS_FLOW 256 // besides the actions of XDP

// Every case, up to the moment when a flow is to be made: that needs all of the stack.
__noinline int xdp_general(struct xdp_md *context)
{
	const struct poise_snapshot *snapshot;
	struct xdp_room *room = room_of_run();
	struct poise_step *step;
	int verdict;

	if (!room)
		return XDP_PASS;
	step = &room->step;
	POISE_ZERO(step, sizeof(*step));
	step->vip_index = POISE_NONE16;
	room->found.number = 0;
	snapshot = xdp_open(context, &room->view);
	if (!snapshot)
		return XDP_PASS;
	verdict = xdp_parse(context, &step->packet);
	if (!is_ours(snapshot, &room->view, step, &room->found, verdict))
		return end_host(context, room, snapshot->flags);
	if (xdp_to_dataplane(&room->view) == XDP_REDIRECT) {
		xdp_count_fate(POISE_XDP_REDIRECTED);
		return XDP_REDIRECT;
	}
	room->watched = xdp_watched(&room->view) && xdp_watch_frame(context);
	xdp_count_received(&room->view, xdp_length(context));
	if (snapshot->flags & POISE_SNAPSHOT_NO_FALLBACK)
		verdict = POISE_NO_DATAPLANE;
	if (verdict != POISE_FORWARDED)
		return end(context, room, verdict, room->view.port);
	if (step->packet.kind != POISE_PACKET_TCP && step->packet.kind != POISE_PACKET_ICMP_ERROR)
		return end(context, room, xdp_answer(context, &room->view, &step->packet), room->view.port);
	verdict = decide(&room->view, snapshot, step, &room->found);
	if (verdict == POISE_FORWARDED && !room->found.number)
		return WANTS_FLOW;
	return xdp_finish(context, verdict);
}

SEC("xdp")
int xsk_def_prog(struct xdp_md *context)
{
	struct xdp_room *room;
	int verdict, action = xdp_quick(context);

	if (action != XDP_ABORTED)
		return action;
	action = xdp_general(context);
	if (action != WANTS_FLOW)
		return action;
	room = room_of_run();
	if (!room)
		return XDP_DROP;
	verdict = xdp_create(context, &room->view, &room->step, &room->found);
	if (verdict == POISE_TABLE_FULL && xdp_evict(&room->view, room->step.place.shard))
		verdict = xdp_create(context, &room->view, &room->step, &room->found);
	return xdp_finish(context, verdict);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
