// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// How long backends take to answer a SYN, and how often it has to be repeated, seen from the packets themselves. Only
// segments with SYN or RST come here; other packets pay nothing. While a flow is half open nobody needs the
// client's last acknowledgement, so its place in the record keeps the time of the SYN.
#pragma once

#include <poise/flow.h>
#include <poise/stats.h>

// The first SYN of a flow was seen. `now_us` may wrap; 0: not known, nothing is measured. The flow's maker.
POISE_INLINE void poise_handshake_begin(struct poise_flow *flow, __u32 now_us)
{
	POISE_STORE(flow->ack[POISE_INWARD], now_us);
}

POISE_INLINE __u32 poise_latency_bucket(__u32 latency_us)
{
	__u32 bucket = 0;

	POISE_NO_UNROLL
	for (; bucket < POISE_LATENCY_BUCKETS - 1; bucket++)
		if (!(latency_us >> (POISE_LATENCY_FIRST + bucket)))
			break;
	return bucket;
}

// Is a segment with these flags one for poise_handshake_note()?
POISE_INLINE int poise_handshake_is(__u8 tcp_flags)
{
	return tcp_flags & (POISE_TCP_SYN | POISE_TCP_RST);
}

// A segment with SYN or RST of a flow that is there, before its state is moved. Any writer; `backend` is its own slot.
POISE_INLINE void poise_handshake_note(const struct poise_flow *flow, enum poise_direction direction, __u8 tcp_flags,
				       __u32 now_us, struct poise_stats_backend *backend)
{
	enum poise_tcp_event event = poise_tcp_event(tcp_flags);
	enum poise_flow_state state = (enum poise_flow_state)POISE_LOAD(flow->state);
	__u32 since_us = POISE_LOAD(flow->ack[POISE_INWARD]), latency_us = now_us - since_us;

	if (event == POISE_EVENT_SYN && direction == POISE_INWARD && !poise_state_reusable(state))
		backend->syn_repeated++;
	if (event == POISE_EVENT_RST && direction == POISE_OUTWARD && state == POISE_STATE_SYN_SENT)
		backend->syn_refused++;
	if (event != POISE_EVENT_SYN_ACK || direction != POISE_OUTWARD)
		return;
	if (state != POISE_STATE_SYN_SENT) {
		backend->syn_ack_repeated++;
	} else if (since_us && now_us && latency_us < 1u << 31) {
		backend->latency_us += latency_us;
		backend->latency[poise_latency_bucket(latency_us)]++;
	}
}
