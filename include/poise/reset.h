// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Resets that the balancer sends itself: to both sides of a flow whose backend is to lose its flows, and to clients
// of a service that has no backend. IPv4.
#pragma once

#include <poise/path.h>
#include <poise/reply.h>

#define POISE_RESET_LENGTH (sizeof(struct poise_ipv4) + sizeof(struct poise_tcp)) // no options, no payload

// Are the flows of this flow's backend to be reset? Their way to the backend counts as not known meanwhile
// (POISE_EGRESS_RESETTING), so the quick lane, which asks that anyway, lets go of them without a question of its own.
POISE_INLINE int poise_flow_resetting(const struct poise_snapshot *snapshot, const struct poise_flow *flow)
{
	return snapshot->backends[flow->backend_index & (POISE_MAX_BACKENDS - 1)].flags & POISE_BACKEND_RESETTING;
}

// Is this packet of the flow to be answered with a reset? Not a reset itself, nor an error, nor the SYN of a client
// that tries anew: the flow makes room for that.
POISE_INLINE int poise_reset_due(const struct poise_snapshot *snapshot, const struct poise_flow *flow,
				 const struct poise_step *step)
{
	if (POISE_LIKELY(!poise_flow_resetting(snapshot, flow)))
		return 0;
	return step->packet.kind == POISE_PACKET_TCP && !(step->packet.tcp_flags & POISE_TCP_RST) &&
	       (step->direction == POISE_OUTWARD || !(step->packet.tcp_flags & POISE_TCP_SYN));
}

// May the client's SYN on this flow make a new one in its place?
POISE_INLINE int poise_flow_replaceable(const struct poise_snapshot *snapshot, const struct poise_flow *flow)
{
	return poise_state_reusable((enum poise_flow_state)POISE_LOAD(flow->state)) ||
	       poise_flow_resetting(snapshot, flow);
}

// Note that a flow is reset: it leaves the quick lane in both directions and lives for the time of closing ones, so
// that late packets are answered too. With `told` both sides have been sent a reset. Returns 1 when this call changed
// something, 0 when it was so already or another writer was quicker. Any writer.
POISE_INLINE int poise_flow_reset(const struct poise_table *table, struct poise_flow *flow, int told)
{
	__u32 before = POISE_LOAD(*poise_flow_word(flow)), word = before;
	enum poise_flow_state state = (enum poise_flow_state)poise_word_state(before);
	__u8 flags;

	POISE_COPY(&flags, (const __u8 *)&before + 1, 1);
	if (state == POISE_STATE_FREE || (state == POISE_STATE_RESET && (!told || flags & POISE_FLOW_TOLD)))
		return 0;
	if (told)
		flags |= POISE_FLOW_TOLD;
	word = poise_word_with(word, POISE_STATE_RESET);
	POISE_COPY((__u8 *)&word + 1, &flags, 1);
	if (POISE_CAS(poise_flow_word(flow), before, word) != before)
		return 0;
	if (poise_state_half_open(state))
		poise_half_open_add(table, flow->shard, -1);
	return 1;
}

struct poise_reset {
	struct poise_key key; // of the reset itself
	__u32 seq;	      // host order
	__u32 ack;
	__u8 flags;
};

// Write the reset's IPv4 and TCP headers to `out`. The link header is the caller's. Returns POISE_RESET_LENGTH, or 0
// when that does not lie before `data_end`.
POISE_INLINE __u32 poise_fill_reset(__u8 *out, const void *data_end, const struct poise_reset *reset)
{
	struct poise_ipv4 *ip = (void *)out;
	struct poise_tcp *tcp = (void *)(out + sizeof(*ip));
	__u32 sum = (__u32)POISE_BE16(POISE_PROTOCOL_TCP) + POISE_BE16(sizeof(*tcp));

	if ((const void *)(tcp + 1) > data_end)
		return 0;
	POISE_ZERO(out, POISE_RESET_LENGTH);
	ip->version_ihl = 0x45;
	ip->total_length = POISE_BE16(POISE_RESET_LENGTH);
	ip->fragment = POISE_BE16(0x4000); // don't fragment: then the id may be zero, RFC 6864
	ip->ttl = 64;
	ip->protocol = POISE_PROTOCOL_TCP;
	ip->src = reset->key.src;
	ip->dst = reset->key.dst;
	tcp->src = reset->key.src_port;
	tcp->dst = reset->key.dst_port;
	tcp->seq = POISE_BE32(reset->seq);
	tcp->ack = POISE_BE32(reset->ack);
	tcp->data_offset = (sizeof(*tcp) / 4) << 4;
	tcp->flags = reset->flags;
	ip->check = (__u16)~poise_csum_fold(poise_csum_sum(ip, sizeof(*ip)));
	sum += poise_csum_sum(&ip->src, 8) + poise_csum_sum(tcp, sizeof(*tcp));
	tcp->check = (__u16)~poise_csum_fold(sum);
	return POISE_RESET_LENGTH;
}

// The reset that answers a packet, RFC 9293 3.10.7.1: what acknowledges is believed by the number it asks for, what
// does not is acknowledged.
POISE_INLINE void poise_reset_answer(const struct poise_packet *packet, __u8 data_offset, struct poise_reset *reset)
{
	__u32 length = (__u32)packet->l4_length - (data_offset >> 4) * 4u;

	reset->key.src = packet->key.dst;
	reset->key.dst = packet->key.src;
	reset->key.src_port = packet->key.dst_port;
	reset->key.dst_port = packet->key.src_port;
	if (packet->tcp_flags & POISE_TCP_ACK) {
		reset->flags = POISE_TCP_RST;
		reset->seq = POISE_HOST32(packet->ack);
		reset->ack = 0;
		return;
	}
	length += !!(packet->tcp_flags & POISE_TCP_SYN) + !!(packet->tcp_flags & POISE_TCP_FIN);
	reset->flags = POISE_TCP_RST | POISE_TCP_ACK;
	reset->seq = 0;
	reset->ack = POISE_HOST32(packet->seq) + length;
}

// Turn a TCP packet into the reset that answers it: by the port it came in by, whose address is `mac`, with the VLAN
// tags it came with. Returns the new length of the frame, or 0 when nothing may be sent (a group's frame).
POISE_INLINE __u32 poise_reply_reset(void *frame, const void *data_end, const struct poise_packet *packet,
				     const __u8 mac[6])
{
	__u8 *data = frame, *l3 = data + (packet->l3 & POISE_L3_MASK);
	const struct poise_tcp *tcp = (void *)(data + (packet->l4 & POISE_L4_MASK));
	struct poise_reset reset;

	if ((const void *)(data + sizeof(struct poise_eth)) > data_end || (const void *)(tcp + 1) > data_end ||
	    data[0] & 1)
		return 0;
	poise_reset_answer(packet, tcp->data_offset, &reset);
	if (!poise_fill_reset(l3, data_end, &reset))
		return 0;
	poise_reply_link((struct poise_eth *)data, mac);
	return (packet->l3 & POISE_L3_MASK) + POISE_RESET_LENGTH;
}

// The reset of a flow toward the client (POISE_OUTWARD) or the backend (POISE_INWARD), nobody having asked: with the
// number that side acknowledged last, which it believes when nothing is under way to it; else it asks, and is
// answered. Writes the frame, which has no VLAN tag, to `frame` with room for 14 + POISE_RESET_LENGTH bytes and names
// the port. Returns the frame's length, or 0 when the number or the way is not known.
POISE_INLINE __u32 poise_build_reset(const struct poise_snapshot *snapshot, const struct poise_flow *flow,
				     enum poise_direction direction, __u8 *frame, __u16 *out_port)
{
	struct poise_reset reset = { .key = poise_flow_translated(flow, direction), .flags = POISE_TCP_RST };
	struct poise_eth *eth = (void *)frame;
	const struct poise_egress *egress;

	reset.seq = POISE_LOAD(flow->ack[(direction ^ 1) & 1]);
	if (!reset.seq)
		return 0;
	if (direction == POISE_INWARD) {
		egress = &snapshot->egress[snapshot->backends[flow->backend_index & (POISE_MAX_BACKENDS - 1)].egress &
					   (POISE_MAX_EGRESS - 1)];
		if (!(egress->flags & (POISE_EGRESS_KNOWN | POISE_EGRESS_RESETTING)))
			return 0;
		POISE_COPY(frame, egress, 12);
		*out_port = egress->port;
	} else if (!poise_flow_link(snapshot, flow, direction, frame, out_port)) {
		return 0;
	}
	eth->type = POISE_BE16(POISE_ETHERTYPE_IPV4);
	return (__u32)sizeof(*eth) + poise_fill_reset(frame + sizeof(*eth),
						      frame + sizeof(*eth) + POISE_RESET_LENGTH, &reset);
}
