// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Which sources a service serves. poised turns its lists of prefixes into the addresses at which the answer changes,
// so that a look-up is a search among them and adjoining prefixes cost nothing. Asked when a flow would be made; the
// dataplane's sweep asks again for a while after the lists have changed, and the XDP program, which nobody sweeps for,
// for each packet of such a service.
#pragma once

#include <poise/flow.h>
#include <poise/snapshot.h>

#define POISE_ACCESS_STEPS 16u // halvings that lead from POISE_MAX_ACCESS boundaries to none
POISE_ASSERT(1u << (POISE_ACCESS_STEPS - 1) == POISE_MAX_ACCESS, "a search ends");

// Is the source one that a service with POISE_VIP_ACCESS does not serve? How many boundaries lie at or below it says
// how often the answer has changed since 0.0.0.0. Without a branch, so BPF's verifier has one way to follow.
POISE_PART int poise_access_search(const struct poise_snapshot *snapshot, const struct poise_vip *vip, __be32 source)
{
	__u64 address = POISE_HOST32(source);
	__u32 below = 0, left;

	if (!snapshot || !vip)
		return 0;
	left = vip->access_count;
	POISE_NO_UNROLL
	for (__u32 step = 0; step < POISE_ACCESS_STEPS; step++) {
		__u32 half = (left + 1) / 2, index = (vip->access_first + below + half - 1) & (POISE_MAX_ACCESS - 1);
		__u64 above = (address - snapshot->access[index]) >> 63; // 1 or 0

		if (!left)
			break;
#ifdef __bpf__
		__asm__ volatile("" : "+r"(above)); // else it becomes a comparison, and a fork
#endif
		below += half & (__u32)(above - 1);
		left -= half;
	}
	return (below ^ !!(vip->flags & POISE_VIP_DENY_LOWEST)) & 1;
}

// The same for any service, most of which serve everybody. Any thread.
POISE_INLINE int poise_access_denied(const struct poise_snapshot *snapshot, __u16 vip_index, __be32 source)
{
	const struct poise_vip *vip = &snapshot->vips[vip_index & (POISE_MAX_VIPS - 1)];

	return POISE_UNLIKELY(vip->flags & POISE_VIP_ACCESS) && poise_access_search(snapshot, vip, source);
}

// Is the source of this flow, which was served when the flow was made, not to be served any more?
POISE_INLINE int poise_flow_denied(const struct poise_snapshot *snapshot, const struct poise_flow *flow)
{
	return poise_access_denied(snapshot, flow->vip_index, flow->client);
}
