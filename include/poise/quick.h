// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Short ways for plain packets (parse.h) of flows that are there. What they do is what the steps of path.h come to.
// Nearly all packets are quick ones: they change nothing about an established flow but the time it was seen. Known
// ones may change its state. A SYN may make a flow, and a packet at the end of its TTL ends here: not known.
//
// Directions come mixed and cannot be predicted, so nothing here branches on them. For processes, any thread.
#pragma once

#include <poise/glance.h>
#include <poise/path.h>

// Does the frame have the form of a plain packet? What poise_plain() asks beyond that, sound source and ports, is true
// of every packet whose tuple is a flow's, and a packet without flow goes the long way. `touchable`: bytes in the
// first segment.
POISE_INLINE int poise_quick_form(const struct poise_plain *plain, __u32 touchable, __u32 frame_length)
{
	__u32 total, header;
	__be32 type, fragment; // type, version, length, service; fragment, TTL, protocol

	if (touchable < sizeof(*plain))
		return 0;
	POISE_COPY(&type, &plain->eth.type, 4);
	POISE_COPY(&fragment, &plain->ip.fragment, 4);
	if ((type & POISE_BE32(0xffffff00)) != POISE_BE32(POISE_ETHERTYPE_IPV4 << 16 | 0x4500))
		return 0;
	if ((fragment & POISE_BE32((POISE_IP_MORE_FRAGMENTS | POISE_IP_OFFSET_MASK) << 16 | 0xff)) !=
	    POISE_BE32(POISE_PROTOCOL_TCP))
		return 0;
	total = POISE_HOST16(plain->ip.total_length);
	header = (plain->tcp.data_offset & 0xf0u) / 4;
	// Each of these is negative when the lengths do not fit into each other.
	return (__s32)((frame_length - sizeof(plain->eth) - total) | (total - sizeof(plain->ip) - header) |
		       (header - sizeof(plain->tcp))) >= 0 &&
	       plain->ip.src != plain->ip.dst;
}

enum poise_lane { POISE_LANE_ANY, POISE_LANE_KNOWN, POISE_LANE_QUICK };

POISE_INLINE enum poise_lane poise_lane(const struct poise_plain *plain)
{
	__u8 flags = plain->tcp.flags;

	if (POISE_UNLIKELY(plain->ip.ttl <= 1))
		return POISE_LANE_ANY;
	if (POISE_LIKELY((flags & (POISE_TCP_SYN | POISE_TCP_FIN | POISE_TCP_RST | POISE_TCP_ACK)) == POISE_TCP_ACK))
		return POISE_LANE_QUICK;
	if (poise_tcp_flags_invalid(flags) || poise_tcp_event(flags) == POISE_EVENT_SYN)
		return POISE_LANE_ANY;
	return POISE_LANE_KNOWN;
}

// poise_locate() for a plain packet, by arithmetic where that one branches on the direction.
POISE_INLINE enum poise_direction poise_locate_plain(const struct poise_snapshot *snapshot,
						     const struct poise_table *table,
						     const struct poise_plain *plain, struct poise_place *place)
{
	int inward = poise_glance(snapshot, plain->ip.dst, plain->tcp.dst);
	__u64 addresses;
	__u32 ports;

	if (POISE_UNLIKELY(inward < 0))
		inward = poise_vip_find(snapshot, plain->ip.dst, plain->tcp.dst) != POISE_NONE16;
	if (POISE_UNLIKELY(snapshot->snat_count) && !inward &&
	    poise_snat_find(snapshot, plain->ip.dst) != POISE_NONE16) {
		struct poise_key key = poise_plain_key(plain);

		*place = poise_place_snat(table, &key);
		return POISE_OUTWARD;
	}
	POISE_COPY(&addresses, &plain->ip.src, 8);
	POISE_COPY(&ports, &plain->tcp.src, 4);
	// The client's end: the source of an inward packet, the destination of an outward one.
	*place = poise_place_client(table, (__be32)(addresses >> (32 & (inward - 1))),
				    (__be16)(ports >> (16 & (inward - 1))));
	return (enum poise_direction)(inward ^ 1);
}

// Is it a packet of this flow, which had `sequence`? A free record may say yes; the lanes below ask for its state.
POISE_INLINE int poise_known_matches(const struct poise_flow *flow, __u32 sequence, enum poise_direction direction,
				     const struct poise_plain *plain)
{
	__u64 addresses;
	__u32 ports;

	POISE_COPY(&addresses, &plain->ip.src, 8);
	POISE_COPY(&ports, &plain->tcp.src, 4);
	return !((poise_flow_addresses(flow, direction) ^ addresses) | (poise_flow_ports(flow, direction) ^ ports) |
		 (sequence & 1));
}

// poise_flow_link() for a plain packet, without a branch on the direction unless the way leads to a link address
// that the flow itself remembers.
POISE_INLINE int poise_flow_link_plain(const struct poise_snapshot *snapshot, const struct poise_flow *flow,
				       enum poise_direction direction, struct poise_plain *plain, __u16 *out_port)
{
	__u32 inward = snapshot->backends[flow->backend_index & (POISE_MAX_BACKENDS - 1)].egress;
	__u32 outward = 0u - ((__u32)direction & 1);
	__u32 index = inward ^ ((inward ^ flow->client_egress) & outward);
	const struct poise_egress *egress = &snapshot->egress[index & (POISE_MAX_EGRESS - 1)];

	if (POISE_UNLIKELY(!(egress->flags & POISE_EGRESS_KNOWN))) // POISE_NONE16 too
		return poise_flow_link(snapshot, flow, direction, (__u8 *)plain, out_port);
	POISE_COPY(&plain->eth, egress, 12);
	*out_port = egress->port;
	return 1;
}

// Account and rewrite a quick packet of an established flow. Returns 0, and nothing was done, when the flow is not
// established or the next hop's link address is not known.
POISE_INLINE int poise_quick_forward(const struct poise_snapshot *snapshot, struct poise_flow *flow,
				     enum poise_direction direction, struct poise_plain *plain, __u32 now_ms,
				     __u16 *out_port)
{
	if (POISE_UNLIKELY(POISE_LOAD(flow->state) != POISE_STATE_ESTABLISHED) ||
	    !poise_flow_link_plain(snapshot, flow, direction, plain, out_port))
		return 0;
	POISE_STORE(flow->ack[direction & 1], POISE_HOST32(plain->tcp.ack));
	poise_flow_seen(flow, now_ms);
	poise_nat_tcp(flow, direction, &plain->ip, &plain->tcp);
	return 1;
}

// Account and rewrite any known packet. Returns what poise_rewrite() does; *event is what poise_account() says.
POISE_INLINE enum poise_verdict poise_known_forward(const struct poise_snapshot *snapshot,
						    const struct poise_table *table, struct poise_flow *flow,
						    enum poise_direction direction, struct poise_plain *plain,
						    __u32 now_ms, enum poise_verdict *event, __u16 *out_port)
{
	struct poise_step step;

	step.direction = (__u8)direction;
	poise_plain_packet(plain, &step.packet);
	*event = poise_account(table, flow, &step, now_ms);
	if (!poise_flow_link(snapshot, flow, direction, (__u8 *)plain, out_port))
		return POISE_NO_NEXT_HOP;
	poise_nat_tcp(flow, direction, &plain->ip, &plain->tcp);
	return POISE_FORWARDED;
}
