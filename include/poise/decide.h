// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// What becomes of a TCP packet or an ICMP error, by the flow that was found for it or by there being none. Both data
// paths ask here. What they do differently stays with them: how a flow is removed and made, who sweeps, where things
// are counted.
#pragma once

#include <poise/handshake.h>
#include <poise/reset.h>

// Is this a segment of a handshake, to be noted (handshake.h) before poise_decide() moves the flow's state?
POISE_INLINE int poise_decide_notes(const struct poise_step *step)
{
	return POISE_UNLIKELY(step->packet.kind == POISE_PACKET_TCP && poise_handshake_is(step->packet.tcp_flags)) &&
	       step->packet.ttl > 1;
}

// The packet has a flow, which is accounted or marked. Returns POISE_FORWARDED: it goes on by the flow;
// POISE_FLOW_RESCHEDULED: the client starts anew, so the caller removes the flow, counts that under this name if it was
// he who removed it, and asks poise_decide_without(); else where the packet ends. *event is to be counted besides,
// unless it is POISE_FORWARDED. Any writer; the caller compares the flow's sequence after the last use, as always.
POISE_INLINE enum poise_verdict poise_decide(const struct poise_snapshot *snapshot, const struct poise_table *table,
					     struct poise_flow *flow, const struct poise_step *step, __u32 now_ms,
					     enum poise_verdict *event)
{
	*event = POISE_FORWARDED;
	if (POISE_UNLIKELY(step->packet.ttl <= 1)) // a packet that ends here is no sign of life of its flow
		return POISE_TTL_EXPIRED;
	if (POISE_UNLIKELY(step->packet.kind == POISE_PACKET_TCP && step->direction == POISE_INWARD &&
			   poise_tcp_event(step->packet.tcp_flags) == POISE_EVENT_SYN)) {
		// On a flow that is closing the client starts anew; any other SYN is a repetition.
		if (poise_flow_replaceable(snapshot, flow))
			return POISE_FLOW_RESCHEDULED;
		poise_account(table, flow, step, now_ms);
		*event = POISE_SYN_REPEATED;
		return POISE_FORWARDED;
	}
	if (POISE_UNLIKELY(poise_reset_due(snapshot, flow, step))) {
		poise_flow_reset(table, flow, 0);
		return POISE_FLOW_RESET;
	}
	*event = poise_account(table, flow, step, now_ms);
	return POISE_FORWARDED;
}

// The packet has no flow. Returns POISE_FORWARDED: make one; else where the packet ends. Any thread.
POISE_INLINE enum poise_verdict poise_decide_without(const struct poise_snapshot *snapshot,
						     const struct poise_step *step)
{
	enum poise_verdict verdict = poise_miss(snapshot, step);

	return verdict == POISE_FORWARDED && step->packet.ttl <= 1 ? POISE_TTL_EXPIRED : verdict;
}
