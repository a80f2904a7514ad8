// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// What the kernel gets of that which is for no service. The rules are host_filter.h's; here only the kernel is asked
// whether the host itself has the connection.
#pragma once

#include "view.bpf.h"

#include <poise/host_filter.h>

// The addresses and ports of a packet lie as the kernel wants them.
#define TUPLE sizeof(((struct bpf_sock_tuple *)0)->ipv4)
POISE_ASSERT(TUPLE == 12 && offsetof(struct poise_host_packet, dst) == 4 &&
		     offsetof(struct poise_host_packet, src_port) == 8 &&
		     offsetof(struct poise_host_packet, dst_port) == 10,
	     "source and destination as in bpf_sock_tuple");

// Has the host a socket that is connected to the sender? One that listens, or takes from anybody, is none. Parts of
// their own, because the verifier wants one kind of socket at one instruction.
__noinline int xdp_has_tcp(struct xdp_md *context, const struct poise_host_packet *packet)
{
	struct bpf_sock *socket;
	__u32 state;

	if (!packet)
		return 0;
	socket = bpf_skc_lookup_tcp(context, (void *)packet, TUPLE, BPF_F_CURRENT_NETNS, 0);
	if (!socket)
		return 0;
	state = socket->state;
	bpf_sk_release(socket);
	return state != BPF_TCP_LISTEN;
}

__noinline int xdp_has_udp(struct xdp_md *context, const struct poise_host_packet *packet)
{
	struct bpf_sock *socket;
	__u32 state;

	if (!packet)
		return 0;
	socket = bpf_sk_lookup_udp(context, (void *)packet, TUPLE, BPF_F_CURRENT_NETNS, 0);
	if (!socket)
		return 0;
	state = socket->state;
	bpf_sk_release(socket);
	return state == BPF_TCP_ESTABLISHED; // connect(2) was called, and then only that peer's packets match
}

// Does the kernel get the frame? Returns XDP_PASS, or XDP_DROP and it is counted.
__noinline int xdp_host(struct xdp_md *context, const struct xdp_view *view)
{
	void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
	const struct poise_snapshot *snapshot;
	struct poise_host_packet packet;
	int fate;

	if (!view)
		return XDP_PASS;
	snapshot = xdp_snapshot(view->half);
	if (!snapshot || !(snapshot->flags & POISE_SNAPSHOT_HOST_DENY))
		return XDP_PASS;
	poise_host_parse(data, end, &packet);
	fate = poise_host_decide(snapshot, &packet, view->port);
	if (fate == POISE_HOST_ASK)
		fate = (packet.protocol == POISE_PROTOCOL_TCP ? xdp_has_tcp(context, &packet) :
								xdp_has_udp(context, &packet)) ?
			       POISE_HOST_PASS :
			       POISE_HOST_DENY;
	if (fate == POISE_HOST_PASS)
		return XDP_PASS;
	xdp_count(POISE_HOST_DENIED);
	return XDP_DROP;
}
