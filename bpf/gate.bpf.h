// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Does a dataplane take this queue's packets, and is it alive?
#pragma once

#include "view.bpf.h"

// The coarse clock costs half of the exact one but stands still for up to a tick. It is never ahead, so what
// is late by it is late; what is in time by it plus a tick is in time; only in between the exact one is
// asked. docs/decisions/0008-two-clocks.md
static __always_inline int beat_is_fresh(const struct xdp_view *view, __u64 beat_ns, __u64 coarse_ns)
{
	__s64 age = (__s64)(coarse_ns - beat_ns), limit = (__s64)view->heartbeat_ns;

	if (age >= limit)
		return 0;
	if (view->coarse_ns && age + (__s64)view->coarse_ns < limit)
		return 1;
	return (__s64)(bpf_ktime_get_ns() - beat_ns) < limit;
}

// Give the frame to the dataplane's socket. Returns XDP_REDIRECT, or 0 when the gate is shut, the worker
// behind it late, or no socket there. Fills view->now_ms.
static __always_inline int xdp_to_dataplane(struct xdp_view *view)
{
	const struct poise_heartbeat *heart;
	const struct poise_gate *gate;
	__u32 entry, worker;
	__u64 beat_ns;

	view->now_ms = xdp_now_ms();
	gate = poise_gate(&view->table, view->port, view->queue, &entry);
	if (!gate)
		return 0;
	worker = POISE_LOAD(gate->worker[entry & (POISE_LINE_SIZE - 1)]);
	if (!worker)
		return 0;
	heart = poise_heartbeat(&view->table, worker - 1);
	if (!heart)
		return 0;
	beat_ns = POISE_LOAD(heart->beat_ns);
	if ((__s64)(beat_ns - POISE_LOAD(heart->last_ns)) <= 0 ||
	    !beat_is_fresh(view, beat_ns, bpf_ktime_get_coarse_ns()))
		return 0;
	return bpf_redirect_map(&xsks_map, view->queue, 0);
}
