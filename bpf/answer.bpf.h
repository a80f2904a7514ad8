// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Frames that go back to where they came from.
#pragma once

#include "view.bpf.h"

// ARP and echo requests for addresses that Poise answers for.
__noinline int xdp_answer(struct xdp_md *context, const struct xdp_view *view, const struct poise_packet *packet)
{
	void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
	const struct poise_snapshot *snapshot;
	const __u8 *mac;

	if (!view || !packet)
		return POISE_NO_SNAPSHOT;
	snapshot = xdp_snapshot(view->half);
	if (!snapshot)
		return POISE_NO_SNAPSHOT;
	mac = snapshot->ports[view->port & (POISE_MAX_PORTS - 1)].mac;
	if (packet->kind == POISE_PACKET_ARP)
		return poise_reply_arp(snapshot, data, end, packet->l3, mac,
				       !(snapshot->flags & POISE_SNAPSHOT_EXCEPTION_PATH));
	return poise_reply_echo(snapshot, data, end, packet, mac);
}

#define LINK_MOST 22u // an Ethernet header and two tags

// Turn the frame into the error about its time to live: room is made in front of the packet, and the link header
// moves there. Returns 1, or 0 when the frame is not to be answered (then nothing is sent; it may be changed).
__noinline int xdp_answer_expired(struct xdp_md *context, const struct xdp_view *view,
				  const struct poise_step *step)
{
	struct poise_xdp_counters *counters = xdp_counters();
	const struct poise_snapshot *snapshot;
	__u8 *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
	__u32 l3, quote, length;
	__u8 link[LINK_MOST];

	if (!view || !step || !counters)
		return 0;
	l3 = step->packet.l3 & POISE_L3_MASK;
	quote = (__u32)step->packet.l4 - l3 + 8;
	snapshot = xdp_snapshot(view->half);
	// No error about an error, nor about what was sent to a group (RFC 1812 4.3.2.7).
	if (!snapshot || step->packet.kind != POISE_PACKET_TCP || step->vip_index == POISE_NONE16 ||
	    quote > POISE_TIME_EXCEEDED_QUOTE || data + LINK_MOST > end || data[0] & 1 ||
	    !poise_error_allowed(&counters->errors, view->now_ms))
		return 0;
	POISE_COPY(link, data, LINK_MOST);
	length = l3 + POISE_TIME_EXCEEDED_HEADER + quote;
	if (bpf_xdp_adjust_head(context, -(int)POISE_TIME_EXCEEDED_HEADER))
		return 0;
	if (bpf_xdp_adjust_tail(context, (int)length - (int)xdp_length(context)))
		return 0;
	data = (void *)(long)context->data;
	end = (void *)(long)context->data_end;
	if (data + LINK_MOST > end)
		return 0;
	POISE_COPY(data, link, LINK_MOST); // what is too much is written over by the headers
	poise_reply_link((struct poise_eth *)data, snapshot->ports[view->port & (POISE_MAX_PORTS - 1)].mac);
	return poise_fill_time_exceeded(data + l3, end, quote, step->packet.key.dst) != 0;
}

// Turn a TCP packet into the reset that answers it. Returns 1, or 0 when nothing is to be sent.
__noinline int xdp_answer_reset(struct xdp_md *context, const struct xdp_view *view, const struct poise_packet *packet)
{
	void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
	const struct poise_snapshot *snapshot;
	__u32 length;

	if (!view || !packet)
		return 0;
	snapshot = xdp_snapshot(view->half);
	if (!snapshot)
		return 0;
	length = poise_reply_reset(data, end, packet, snapshot->ports[view->port & (POISE_MAX_PORTS - 1)].mac);
	return length && !bpf_xdp_adjust_tail(context, (int)length - (int)xdp_length(context));
}
