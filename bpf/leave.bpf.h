// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Sending a frame on, and what is counted of it.
#pragma once

#include "view.bpf.h"

// Send by the port. Always through the device map, also back by the same interface: a frame that is sent with
// XDP_TX into a veth whose other end has no XDP program is lost without a sign.
static __always_inline int xdp_leave(__u32 port, __u32 bytes)
{
	struct poise_xdp_counters *counters = xdp_counters();
	int action;

	port &= POISE_MAX_PORTS - 1;
	action = bpf_redirect_map(&poise_devices, port, XDP_DROP);
	if (counters && action == XDP_REDIRECT) {
		counters->ports[port].tx_packets++;
		counters->ports[port].tx_bytes += bytes;
	}
	return action;
}

static __always_inline void xdp_count_backend(const struct poise_flow *flow, __u32 direction, __u32 bytes)
{
	struct poise_stats_backend *backend = xdp_backend(flow->backend_index);

	if (!backend)
		return;
	direction &= 1;
	backend->packets[direction]++;
	backend->bytes[direction] += bytes;
}

static __always_inline void xdp_count_received(const struct xdp_view *view, __u32 bytes)
{
	struct poise_xdp_counters *counters = xdp_counters();

	if (!counters)
		return;
	counters->fates[POISE_XDP_BALANCED]++;
	counters->ports[view->port & (POISE_MAX_PORTS - 1)].rx_packets++;
	counters->ports[view->port & (POISE_MAX_PORTS - 1)].rx_bytes += bytes;
}
