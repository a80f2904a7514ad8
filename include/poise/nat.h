// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Applying a flow to a packet, IPv4. The flow remembers the answer, so this is a few stores and two 16-bit
// additions, the same for DNAT and full NAT.
#pragma once

#include <poise/flow.h>
#include <poise/snapshot.h>

// The tuple that a packet of the flow leaves with.
POISE_INLINE struct poise_key poise_flow_translated(const struct poise_flow *flow,
						    enum poise_direction direction)
{
	// It is the tuple that the other direction arrives with, turned round.
	enum poise_direction other = (enum poise_direction)(direction ^ 1);
	__u64 addresses = poise_flow_addresses(flow, other);
	__u32 ports = poise_flow_ports(flow, other);
	struct poise_key key;

	addresses = addresses << 32 | addresses >> 32;
	ports = ports << 16 | ports >> 16;
	POISE_COPY(&key.src, &addresses, 8);
	POISE_COPY(&key.src_port, &ports, 4);
	return key;
}

// Translate a TCP packet in place. `ip` and `tcp` were bounds-checked by poise_parse(); its TTL is at
// least 2. Never touches the payload and never recomputes a checksum, so a damaged one stays damaged.
POISE_INLINE void poise_nat_tcp(const struct poise_flow *flow, enum poise_direction direction,
				struct poise_ipv4 *ip, struct poise_tcp *tcp)
{
	struct poise_key key = poise_flow_translated(flow, direction);

	const struct poise_flow_difference *difference = &flow->difference[direction & 1];

	ip->check = poise_csum_apply(ip->check, difference->ip);
	tcp->check = poise_csum_apply(tcp->check, difference->tcp);
	ip->ttl--;
	POISE_COPY(&ip->src, &key.src, 8);
	POISE_COPY(&tcp->src, &key.src_port, 4);
}

// Translate an ICMP error about a packet of the flow, RFC 5508 section 4.2 (the inner packet as the receiver
// sent it) and, for the outer source, what Linux does: errors leave from the address that the receiver
// talks to. `inner_tcp` has at least 8 bytes; its checksum is changed only when `inner_has_check`.
POISE_INLINE void poise_nat_icmp_error(const struct poise_flow *flow, enum poise_direction direction,
				       struct poise_ipv4 *ip, struct poise_icmp *icmp,
				       struct poise_ipv4 *inner, struct poise_tcp *inner_tcp,
				       int inner_has_check)
{
	struct poise_key key = poise_flow_translated(flow, direction); // of the error's direction
	__u32 addresses = poise_csum_diff32(inner->src, key.dst) + poise_csum_diff32(inner->dst, key.src);
	__u32 ports = poise_csum_diff16(inner_tcp->src, key.dst_port) +
		      poise_csum_diff16(inner_tcp->dst, key.src_port);
	__u32 total = addresses + ports, outer;
	__be32 source = ip->src;
	__u16 before = inner->check;

	inner->check = poise_csum_apply(before, poise_csum_fold(addresses));
	total += poise_csum_diff16(before, inner->check);
	if (inner_has_check) {
		before = inner_tcp->check;
		inner_tcp->check = poise_csum_apply(before, poise_csum_fold(addresses + ports));
		total += poise_csum_diff16(before, inner_tcp->check);
	}
	inner->src = key.dst;
	inner->dst = key.src;
	inner_tcp->src = key.dst_port;
	inner_tcp->dst = key.src_port;
	icmp->check = poise_csum_apply(icmp->check, poise_csum_fold(total));

	if (direction == POISE_OUTWARD || flow->flags & POISE_FLOW_FULL_NAT)
		source = key.src;
	outer = poise_csum_diff32(ip->src, source) + poise_csum_diff32(ip->dst, key.dst) +
		(__u16)~POISE_BE16(0x0100);
	ip->check = poise_csum_apply(ip->check, poise_csum_fold(outer));
	ip->ttl--;
	ip->src = source;
	ip->dst = key.dst;
}

// Write the link addresses that a packet of the flow leaves with into the first 12 bytes of its frame and name
// the port. Returns 1, or 0 (nothing written) when the link address of the next hop is not known.
POISE_INLINE int poise_flow_link(const struct poise_snapshot *snapshot, const struct poise_flow *flow,
				 enum poise_direction direction, __u8 *frame, __u16 *out_port)
{
	__u16 index = direction == POISE_INWARD ?
			      snapshot->backends[flow->backend_index & (POISE_MAX_BACKENDS - 1)].egress :
			      flow->client_egress;
	const struct poise_egress *egress;

	if (index == POISE_NONE16 && direction == POISE_OUTWARD) {
		*out_port = flow->client_interface & (POISE_MAX_PORTS - 1);
		POISE_COPY(frame, flow->client_mac, 6);
		POISE_COPY(frame + 6, snapshot->ports[*out_port].mac, 6);
		return 1;
	}
	egress = &snapshot->egress[index & (POISE_MAX_EGRESS - 1)];
	if (!(egress->flags & POISE_EGRESS_KNOWN))
		return 0;
	POISE_COPY(frame, egress, 12);
	*out_port = egress->port;
	return 1;
}
