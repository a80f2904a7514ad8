// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// One packet's way, in the steps that both data paths take: classify, find, decide, rewrite. The
// dataplane runs each step over a burst with prefetches between, the XDP program runs them in a row.
#pragma once

#include <poise/access.h>
#include <poise/flow_create.h>

struct poise_step {
	struct poise_packet packet;
	struct poise_place place;
	__u16 vip_index; // POISE_NONE16 when the packet is not toward a service
	__u8 direction;	 // enum poise_direction
};

// Which way a packet goes and where its flow would be. `vip_index` is what poise_vip_find() says of its
// destination.
POISE_INLINE enum poise_direction poise_locate(const struct poise_snapshot *snapshot,
					       const struct poise_table *table, const struct poise_key *key,
					       __u16 vip_index, struct poise_place *place)
{
	int inward = vip_index != POISE_NONE16;

	if (!inward && poise_snat_find(snapshot, key->dst) != POISE_NONE16)
		*place = poise_place_snat(table, key);
	else
		*place = poise_place_client(table, inward ? key->src : key->dst,
					    inward ? key->src_port : key->dst_port);
	return inward ? POISE_INWARD : POISE_OUTWARD;
}

// Where the flow of a parsed TCP packet or ICMP error would be. Returns POISE_FORWARDED when a look-up is
// due (step->place and direction are set), else the packet's fate.
POISE_INLINE enum poise_verdict poise_classify(const struct poise_snapshot *snapshot,
					       const struct poise_table *table, struct poise_step *step)
{
	step->vip_index = poise_vip_find(snapshot, step->packet.key.dst, step->packet.key.dst_port);
	step->direction = (__u8)poise_locate(snapshot, table, &step->packet.key, step->vip_index, &step->place);
	return POISE_FORWARDED;
}

// The fate of a packet whose look-up found nothing, unless it is a SYN toward a service
// (POISE_FORWARDED: make a flow).
POISE_INLINE enum poise_verdict poise_miss(const struct poise_snapshot *snapshot,
					   const struct poise_step *step)
{
	const struct poise_packet *packet = &step->packet;

	if (packet->kind == POISE_PACKET_ICMP_ERROR)
		return POISE_ICMP_NO_FLOW;
	if (step->vip_index == POISE_NONE16) {
		if (poise_vip_find(snapshot, packet->key.dst, 0) != POISE_NONE16)
			return POISE_NO_SERVICE;
		return POISE_NOT_OURS;
	}
	if (poise_tcp_event(packet->tcp_flags) != POISE_EVENT_SYN)
		return POISE_NO_FLOW;
	return poise_access_denied(snapshot, step->vip_index, packet->key.src) ? POISE_DENIED : POISE_FORWARDED;
}

// Account a packet of a flow: state, time, acknowledgements, the count of half-open flows.
POISE_INLINE enum poise_verdict poise_account(const struct poise_table *table, struct poise_flow *flow,
					      const struct poise_step *step, __u32 now_ms)
{
	enum poise_verdict event;
	int opened;

	if (step->packet.kind != POISE_PACKET_TCP) // no ICMP of any sort touches a flow (RFC 5508 REQ-6)
		return POISE_FORWARDED;
	event = poise_flow_track(flow, (enum poise_direction)step->direction, &step->packet, now_ms, &opened);
	if (POISE_UNLIKELY(opened))
		poise_half_open_add(table, flow->shard, -1);
	return event;
}

// Rewrite the frame of `length` touchable bytes by its flow, link addresses included, and name the port
// that it leaves by. Returns POISE_FORWARDED, POISE_TTL_EXPIRED or POISE_NO_NEXT_HOP (frame unchanged).
POISE_INLINE enum poise_verdict poise_rewrite(const struct poise_snapshot *snapshot,
					      const struct poise_flow *flow, const struct poise_step *step,
					      void *frame, const void *data_end, __u16 *out_port)
{
	const struct poise_packet *packet = &step->packet;
	enum poise_direction direction = (enum poise_direction)step->direction;
	__u8 *data = frame;
	const __u8 *end = data_end;
	struct poise_ipv4 *ip = (void *)(data + (packet->l3 & POISE_L3_MASK));

	if (packet->ttl <= 1)
		return POISE_TTL_EXPIRED;
	// Checked once by the parser; the verifier wants to see it again after the map look-ups.
	if (data + sizeof(struct poise_eth) > end || (__u8 *)(ip + 1) > end)
		return POISE_RUNT;
	if (packet->kind == POISE_PACKET_TCP) {
		struct poise_tcp *tcp = (void *)(data + (packet->l4 & POISE_L4_MASK));

		if ((__u8 *)(tcp + 1) > end)
			return POISE_RUNT;
		if (!poise_flow_link(snapshot, flow, direction, data, out_port))
			return POISE_NO_NEXT_HOP;
		poise_nat_tcp(flow, direction, ip, tcp);
	} else {
		struct poise_icmp *icmp = (void *)(data + (packet->l4 & POISE_L4_MASK));
		struct poise_ipv4 *inner = (void *)(data + (packet->inner_l3 & POISE_INNER_MASK));
		struct poise_tcp *tcp = (void *)(data + (packet->inner_l4 & POISE_INNER_MASK));
		int has_check = (const __u8 *)tcp + 18 <= end &&
				packet->inner_l4 + 18 <= packet->l4 + packet->l4_length;

		if ((__u8 *)(icmp + 1) > end || (__u8 *)(inner + 1) > end || (__u8 *)tcp + 8 > end)
			return POISE_RUNT;
		if (!poise_flow_link(snapshot, flow, direction, data, out_port))
			return POISE_NO_NEXT_HOP;
		poise_nat_icmp_error(flow, direction, ip, icmp, inner, tcp, has_check);
	}
	return POISE_FORWARDED;
}
