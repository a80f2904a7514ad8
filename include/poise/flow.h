// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// The flow record: one cache line that both data paths read and write, found from both directions.
#pragma once

#include <poise/csum.h>
#include <poise/parse.h>
#include <poise/tcpstate.h>

#define POISE_FLOW_FULL_NAT 0x01 // snat_* is ours and has an index entry of its own
#define POISE_FLOW_TOLD 0x02	 // both sides were sent a reset (reset.h)
#define POISE_FLOW_COUNTED 0x04	 // among the flows of its source (source_limit.h)

// Inward packets carry client -> vip and leave as snat -> backend; outward packets carry
// backend -> snat and leave as vip -> client. DNAT has snat equal to client, so translation is the
// same for both modes. Addresses and ports in network byte order.
//
// Writers: the worker that owns the shard and, for the moment in which a gate closes or opens, any CPU of the XDP
// path. Whoever turns `sequence` from even to odd has the record to itself; the tuple changes only then. Everybody
// else notes an even sequence before the tuple is looked at and compares it after the last use: when it has changed,
// there was no such flow and what was made of it must not leave. What is written to a live record is harmless when
// it hits the next flow in it: times only move forward, the state is exchanged as a whole word, acknowledgements
// heal with the next packet.
struct poise_flow {
	__u32 sequence; // odd: free, or in the hands of one writer
	__u32 last_seen_ms; // CLOCK_MONOTONIC, wraps in 49 days, compared by subtraction
	__be32 client;
	__be32 vip;
	__be32 backend;
	__be32 snat;
	__be16 client_port;
	__be16 vip_port;
	__be16 backend_port;
	__be16 snat_port;
	struct poise_flow_difference {
		__u16 ip;
		__u16 tcp;
	} difference[2]; // of the checksums by direction, csum.h; `ip` counts the TTL step too
	__u8 state; // enum poise_flow_state; this word changes by compare-and-exchange, poise_flow_word()
	__u8 flags;
	__u16 vip_index;
	__u16 backend_index;
	__u16 client_egress;  // index of the route back, or POISE_NONE16: client_mac and client_port_index
	__u32 ack[2];	      // last acknowledgement sent by client and backend, by direction; host order, 0 unknown
	__u8 client_mac[6];   // link address the SYN came from
	__u8 client_interface; // index of the port the SYN came in by
	__u8 shard;
} POISE_ALIGNED;
POISE_ASSERT(sizeof(struct poise_flow) == POISE_LINE_SIZE, "one cache line a flow");
POISE_ASSERT(offsetof(struct poise_flow, client) == 8, "tuple is compared as words");
POISE_ASSERT(offsetof(struct poise_flow, state) % 4 == 0, "state, flags and service are one word");

// State, flags and service as one word, so that a state can be exchanged for another only when it is still there.
POISE_INLINE __u32 *poise_flow_word(struct poise_flow *flow)
{
	return (__u32 *)(void *)&flow->state;
}

POISE_INLINE __u8 poise_word_state(__u32 word)
{
	__u8 state;

	POISE_COPY(&state, &word, 1);
	return state;
}

POISE_INLINE __u32 poise_word_with(__u32 word, enum poise_flow_state state)
{
	__u8 byte = (__u8)state;

	POISE_COPY(&word, &byte, 1);
	return word;
}

// Times only move forward: a writer that was stopped in the middle of a packet does not age a flow.
POISE_INLINE void poise_flow_seen(struct poise_flow *flow, __u32 now_ms)
{
	if ((__s32)(now_ms - POISE_LOAD(flow->last_seen_ms)) > 0)
		POISE_STORE(flow->last_seen_ms, now_ms);
}

// Tuples lie in the record as poise_key has them, so a comparison is one of 8 and one of 4 bytes.
POISE_ASSERT(offsetof(struct poise_flow, vip) == offsetof(struct poise_flow, client) + 4 &&
		     offsetof(struct poise_flow, snat) == offsetof(struct poise_flow, backend) + 4 &&
		     offsetof(struct poise_flow, vip_port) == offsetof(struct poise_flow, client_port) + 2 &&
		     offsetof(struct poise_flow, snat_port) == offsetof(struct poise_flow, backend_port) + 2,
	     "source and destination as in poise_key");

// The addresses and ports that a packet of one direction arrives with, as words: source in the lower half. By
// arithmetic instead of a branch, because directions come mixed and cannot be predicted.
POISE_INLINE __u64 poise_flow_addresses(const struct poise_flow *flow, enum poise_direction direction)
{
	__u64 addresses;

	POISE_COPY(&addresses, (const __u8 *)flow + offsetof(struct poise_flow, client) + 8 * ((__u32)direction & 1),
		   8);
	return addresses;
}

POISE_INLINE __u32 poise_flow_ports(const struct poise_flow *flow, enum poise_direction direction)
{
	__u32 ports;

	POISE_COPY(&ports,
		   (const __u8 *)flow + offsetof(struct poise_flow, client_port) + 4 * ((__u32)direction & 1), 4);
	return ports;
}

// Does a packet going inward (client -> vip) or outward (backend -> snat) belong to this flow?
POISE_INLINE int poise_flow_matches(const struct poise_flow *flow, enum poise_direction direction,
				    const struct poise_key *key)
{
	__u64 addresses;
	__u32 ports;

	POISE_COPY(&addresses, &key->src, 8);
	POISE_COPY(&ports, &key->src_port, 4);
	return !((poise_flow_addresses(flow, direction) ^ addresses) |
		 (poise_flow_ports(flow, direction) ^ ports));
}

// Is there a flow in the record? Not while its tuple changes, nor when it is free.
POISE_INLINE int poise_flow_visible(const struct poise_flow *flow)
{
	return !(POISE_LOAD(flow->sequence) & 1) && POISE_LOAD(flow->state) != POISE_STATE_FREE;
}

// Fill the four checksum differences from the tuple.
POISE_INLINE void poise_flow_differences(struct poise_flow *flow)
{
	// Decrementing the TTL changes the word (TTL, protocol) by a constant.
	__u32 ttl = (__u16)~POISE_BE16(0x0100);
	__u32 in_ip = poise_csum_diff32(flow->client, flow->snat) +
		      poise_csum_diff32(flow->vip, flow->backend);
	__u32 out_ip = poise_csum_diff32(flow->backend, flow->vip) +
		       poise_csum_diff32(flow->snat, flow->client);
	__u32 in_port = poise_csum_diff16(flow->client_port, flow->snat_port) +
			poise_csum_diff16(flow->vip_port, flow->backend_port);
	__u32 out_port = poise_csum_diff16(flow->backend_port, flow->vip_port) +
			 poise_csum_diff16(flow->snat_port, flow->client_port);

	flow->difference[POISE_INWARD].ip = poise_csum_fold(in_ip + ttl);
	flow->difference[POISE_OUTWARD].ip = poise_csum_fold(out_ip + ttl);
	flow->difference[POISE_INWARD].tcp = poise_csum_fold(in_ip + in_port);
	flow->difference[POISE_OUTWARD].tcp = poise_csum_fold(out_ip + out_port);
}

// How far behind or ahead of the peer's acknowledgement a reset may lie and still be believed
// (RFC 5961 section 3 asks for the exact number; the window scale is not tracked here).
#define POISE_RESET_WINDOW (1u << 20)

// Account one packet of the flow. Returns POISE_FORWARDED, or the event that is worth counting
// (POISE_RST_OUT_OF_WINDOW); the packet is forwarded either way. *opened is set to 1 when this call, and no other
// writer's, ended the flow's being half open: the caller keeps the shard's count. Any writer.
POISE_INLINE enum poise_verdict poise_flow_track(struct poise_flow *flow, enum poise_direction direction,
						 const struct poise_packet *packet, __u32 now_ms, int *opened)
{
	enum poise_tcp_event event = poise_tcp_event(packet->tcp_flags);
	__u32 word = POISE_LOAD(*poise_flow_word(flow));
	enum poise_flow_state state = (enum poise_flow_state)poise_word_state(word), next;
	__u32 expected = POISE_LOAD(flow->ack[(direction ^ 1) & 1]);

	*opened = 0;
	if (POISE_LIKELY(event == POISE_EVENT_ACK && state == POISE_STATE_ESTABLISHED)) { // most packets
		POISE_STORE(flow->ack[direction & 1], POISE_HOST32(packet->ack));
		poise_flow_seen(flow, now_ms);
		return POISE_FORWARDED;
	}
	if (event == POISE_EVENT_RST && !poise_state_half_open(state) && expected &&
	    POISE_HOST32(packet->seq) - expected + POISE_RESET_WINDOW / 2 >= POISE_RESET_WINDOW)
		return POISE_RST_OUT_OF_WINDOW;
	if (event != POISE_EVENT_RST && packet->tcp_flags & POISE_TCP_ACK)
		POISE_STORE(flow->ack[direction & 1], POISE_HOST32(packet->ack));
	// A reset does not refresh: it must not prolong a life either.
	if (event != POISE_EVENT_RST || state != POISE_STATE_RESET)
		poise_flow_seen(flow, now_ms);
	for (int attempt = 0; attempt < 3; attempt++) { // another writer may be quicker
		__u32 before = word;

		state = (enum poise_flow_state)poise_word_state(word);
		next = poise_tcp_next(state, direction, event);
		if (next == state)
			break;
		word = POISE_CAS(poise_flow_word(flow), before, poise_word_with(before, next));
		if (word != before)
			continue;
		*opened = poise_state_half_open(state) && !poise_state_half_open(next);
		break;
	}
	return POISE_FORWARDED;
}
