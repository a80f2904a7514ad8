// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// The flow record: one cache line that both data paths read and write, found from both directions.
#pragma once

#include <poise/csum.h>
#include <poise/parse.h>
#include <poise/tcpstate.h>

#define POISE_FLOW_FULL_NAT 0x01 // snat_* is ours and has an index entry of its own

// Inward packets carry client -> vip and leave as snat -> backend; outward packets carry
// backend -> snat and leave as vip -> client. DNAT has snat equal to client, so translation is the
// same for both modes. Addresses and ports in network byte order.
//
// Writers: the worker that owns the shard, or, while no worker lives, any CPU of the XDP path. The tuple
// changes only while `sequence` is odd; a reader that does not own the shard takes an odd or changed
// sequence as "no such flow". Fields behind the tuple are single stores.
struct poise_flow {
	__u32 sequence;
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
	__u8 state; // enum poise_flow_state
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
// (POISE_RST_OUT_OF_WINDOW); the packet is forwarded either way. The caller keeps the shard's count of
// half-open flows. Owner of the shard only.
POISE_INLINE enum poise_verdict poise_flow_track(struct poise_flow *flow, enum poise_direction direction,
						 const struct poise_packet *packet, __u32 now_ms)
{
	enum poise_tcp_event event = poise_tcp_event(packet->tcp_flags);
	enum poise_flow_state state = (enum poise_flow_state)flow->state;
	__u32 expected = flow->ack[(direction ^ 1) & 1];

	if (POISE_LIKELY(event == POISE_EVENT_ACK && state == POISE_STATE_ESTABLISHED)) { // most packets
		POISE_STORE(flow->ack[direction & 1], POISE_HOST32(packet->ack));
		POISE_STORE(flow->last_seen_ms, now_ms);
		return POISE_FORWARDED;
	}
	if (event == POISE_EVENT_RST && !poise_state_half_open(state) && expected &&
	    POISE_HOST32(packet->seq) - expected + POISE_RESET_WINDOW / 2 >= POISE_RESET_WINDOW)
		return POISE_RST_OUT_OF_WINDOW;
	if (event != POISE_EVENT_RST && packet->tcp_flags & POISE_TCP_ACK)
		POISE_STORE(flow->ack[direction & 1], POISE_HOST32(packet->ack));
	// A reset does not refresh: it must not prolong a life either.
	if (event != POISE_EVENT_RST || state != POISE_STATE_RESET)
		POISE_STORE(flow->last_seen_ms, now_ms);
	POISE_STORE(flow->state, (__u8)poise_tcp_next(state, direction, event));
	return POISE_FORWARDED;
}
