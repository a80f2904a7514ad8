// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Reads a frame without trusting one length in it. Every access is bounded by `data_end`, which is what
// the BPF verifier asks for and what keeps lying headers harmless in the dataplane.
#pragma once

#include <poise/abi.h>
#include <poise/net.h>
#include <poise/verdict.h>

enum poise_packet_kind {
	POISE_PACKET_OTHER, // see the verdict
	POISE_PACKET_TCP,
	POISE_PACKET_ICMP_ERROR, // key is the inner packet's, turned round
	POISE_PACKET_ICMP_ECHO,
	POISE_PACKET_ARP,
};

// One side to the other, as the packet says it. Network byte order.
struct poise_key {
	__be32 src;
	__be32 dst;
	__be16 src_port;
	__be16 dst_port;
};
POISE_ASSERT(sizeof(struct poise_key) == 12, "key is compared as words");

// What poise_parse() found. Offsets count from the first byte of the frame.
struct poise_packet {
	struct poise_key key;
	__be32 outer_dst; // ICMP: destination of the error itself; TCP: same as key.dst
	__be32 seq;	  // TCP, network byte order
	__be32 ack;	  // TCP, network byte order
	__u16 l3;	  // offset of the IPv4 or ARP header
	__u16 l4;	  // offset of the TCP or ICMP header
	__u16 inner_l3;	  // ICMP error: offset of the inner IPv4 header
	__u16 inner_l4;	  // ICMP error: offset of the inner TCP header, at least 8 bytes of it there
	__u16 l4_length;  // bytes of TCP or ICMP header and payload by the IPv4 total length
	__u8 tcp_flags;
	__u8 kind; // enum poise_packet_kind
	__u8 ttl;
};

#define POISE_TCP_FLAG_MASK                                                                        \
	(POISE_TCP_FIN | POISE_TCP_SYN | POISE_TCP_RST | POISE_TCP_PSH | POISE_TCP_ACK |           \
	 POISE_TCP_URG)

// A source that no host can have: RFC 1122 3.2.1.3, and RFC 6890 for the loopback block. A packet from an
// address to the same address (LAND) is refused as well.
POISE_INLINE int poise_source_invalid(__be32 src, __be32 dst)
{
	__u8 first = (__u8)(POISE_HOST32(src) >> 24);

	return (__u8)(first - 1) >= 223 || first == 127 || src == dst;
}

// SYN alone, or with ACK; RST alone or with ACK; otherwise ACK must be set. SYN with FIN or RST, RST with
// FIN, and no flags at all are scans (RFC 9293 3.10.7 has no case for them).
POISE_INLINE int poise_tcp_flags_invalid(__u8 flags)
{
	// One bit for each of the 64 mixes of six flags; test_parse.c derives it from the rule above.
	return !(0x1717141417171414ull >> (flags & 63) & 1);
}

POISE_INLINE enum poise_verdict poise_parse_tcp(const __u8 *data, const __u8 *end,
						struct poise_packet *packet)
{
	const struct poise_tcp *tcp = (const void *)(data + packet->l4);
	__u16 header;

	if ((const __u8 *)(tcp + 1) > end)
		return POISE_RUNT;
	header = (__u16)((tcp->data_offset >> 4) * 4);
	if (header < sizeof(*tcp) || header > packet->l4_length)
		return POISE_TCP_HEADER;
	packet->key.src_port = tcp->src;
	packet->key.dst_port = tcp->dst;
	packet->seq = tcp->seq;
	packet->ack = tcp->ack;
	packet->tcp_flags = tcp->flags & POISE_TCP_FLAG_MASK;
	packet->kind = POISE_PACKET_TCP;
	if (!tcp->src || !tcp->dst)
		return POISE_PORT_ZERO;
	if (poise_tcp_flags_invalid(packet->tcp_flags))
		return POISE_TCP_FLAGS;
	return POISE_FORWARDED;
}

// RFC 792: an error carries the IPv4 header that caused it and at least 8 bytes behind it.
POISE_INLINE enum poise_verdict poise_parse_icmp_error(const __u8 *data, const __u8 *end,
						       struct poise_packet *packet)
{
	const struct poise_ipv4 *inner;
	const struct poise_tcp *tcp;
	__u16 header;

	packet->inner_l3 = packet->l4 + sizeof(struct poise_icmp);
	inner = (const void *)(data + packet->inner_l3);
	if (packet->l4_length < sizeof(struct poise_icmp) + sizeof(*inner) + 8 ||
	    (const __u8 *)(inner + 1) > end)
		return POISE_ICMP_MALFORMED;
	header = (__u16)((inner->version_ihl & 15) * 4);
	if ((inner->version_ihl >> 4) != 4 || header < sizeof(*inner) ||
	    packet->l4_length < sizeof(struct poise_icmp) + header + 8)
		return POISE_ICMP_MALFORMED;
	if (inner->protocol != POISE_PROTOCOL_TCP)
		return POISE_NOT_TCP;
	if (inner->fragment & POISE_BE16(POISE_IP_OFFSET_MASK))
		return POISE_ICMP_MALFORMED;
	packet->inner_l4 = packet->inner_l3 + header;
	tcp = (const void *)(data + packet->inner_l4);
	if ((const __u8 *)tcp + 8 > end)
		return POISE_ICMP_MALFORMED;
	// The error travels against the packet it is about: turned round, the inner tuple is that of the
	// direction the error itself travels in.
	packet->key.src = inner->dst;
	packet->key.dst = inner->src;
	packet->key.src_port = tcp->dst;
	packet->key.dst_port = tcp->src;
	packet->kind = POISE_PACKET_ICMP_ERROR;
	return POISE_FORWARDED;
}

POISE_INLINE enum poise_verdict poise_parse_icmp(const __u8 *data, const __u8 *end,
						 struct poise_packet *packet)
{
	const struct poise_icmp *icmp = (const void *)(data + packet->l4);

	if (packet->l4_length < sizeof(*icmp) || (const __u8 *)(icmp + 1) > end)
		return POISE_RUNT;
	switch (icmp->type) {
	case POISE_ICMP_UNREACHABLE:
	case POISE_ICMP_TIME_EXCEEDED:
	case POISE_ICMP_PARAMETER:
		return poise_parse_icmp_error(data, end, packet);
	case POISE_ICMP_ECHO:
		packet->kind = POISE_PACKET_ICMP_ECHO;
		return POISE_FORWARDED;
	default:
		return POISE_NOT_TCP;
	}
}

POISE_INLINE enum poise_verdict poise_parse_ipv4(const __u8 *data, const __u8 *end, __u32 frame_length,
						 struct poise_packet *packet)
{
	const struct poise_ipv4 *ip = (const void *)(data + packet->l3);
	__u16 header, total;

	if ((const __u8 *)(ip + 1) > end)
		return POISE_RUNT;
	header = (__u16)((ip->version_ihl & 15) * 4);
	total = POISE_HOST16(ip->total_length);
	packet->key.src = ip->src;
	packet->key.dst = ip->dst;
	packet->outer_dst = ip->dst;
	packet->ttl = ip->ttl;
	if ((ip->version_ihl >> 4) != 4 || header < sizeof(*ip))
		return POISE_IP_HEADER;
	if (total < header || packet->l3 + (__u32)total > frame_length)
		return POISE_IP_LENGTH;
	if (ip->protocol != POISE_PROTOCOL_TCP && ip->protocol != POISE_PROTOCOL_ICMP)
		return POISE_NOT_TCP;
	if (poise_source_invalid(ip->src, ip->dst))
		return POISE_IP_ADDRESS;
	if (ip->fragment & POISE_BE16(POISE_IP_MORE_FRAGMENTS | POISE_IP_OFFSET_MASK))
		return POISE_FRAGMENT;
	packet->l4 = packet->l3 + header;
	packet->l4_length = total - header;
	if (ip->protocol == POISE_PROTOCOL_TCP)
		return poise_parse_tcp(data, end, packet);
	return poise_parse_icmp(data, end, packet);
}

// RFC 826. Only the shape is checked here; poise_arp_reply() looks at the addresses.
POISE_INLINE enum poise_verdict poise_parse_arp(const __u8 *data, const __u8 *end,
						struct poise_packet *packet)
{
	const struct poise_arp *arp = (const void *)(data + packet->l3);

	if ((const __u8 *)(arp + 1) > end)
		return POISE_ARP_MALFORMED;
	if (arp->hardware != POISE_BE16(1) || arp->protocol != POISE_BE16(POISE_ETHERTYPE_IPV4) ||
	    arp->hardware_size != 6 || arp->protocol_size != 4)
		return POISE_ARP_MALFORMED;
	packet->kind = POISE_PACKET_ARP;
	packet->outer_dst = arp->target_ip;
	return POISE_FORWARDED;
}

// The common case: an untagged, whole IPv4 packet without options that carries sound TCP.
struct poise_plain {
	struct poise_eth eth;
	struct poise_ipv4 ip;
	struct poise_tcp tcp;
} POISE_PACKED;
POISE_ASSERT(offsetof(struct poise_plain, tcp) - offsetof(struct poise_plain, ip.src) == 8, "tuple in one piece");

// Is the frame a plain packet? Several fields are compared at once. When anything is unusual the general parser
// below finds out what; it agrees where this one says 1.
POISE_INLINE int poise_plain(const void *frame, const void *data_end, __u32 frame_length)
{
	const struct poise_plain *plain = frame;
	__u32 total, header;
	__be32 type, fragment; // type, version, length, service; fragment, TTL, protocol

	if ((const void *)(plain + 1) > data_end)
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
	if (sizeof(plain->eth) + total > frame_length || header < sizeof(plain->tcp) ||
	    total < sizeof(plain->ip) + header)
		return 0;
	return !poise_source_invalid(plain->ip.src, plain->ip.dst) && plain->tcp.src && plain->tcp.dst &&
	       !poise_tcp_flags_invalid(plain->tcp.flags);
}

POISE_INLINE struct poise_key poise_plain_key(const struct poise_plain *plain)
{
	struct poise_key key;

	POISE_COPY(&key, &plain->ip.src, sizeof(key)); // addresses and ports lie side by side
	return key;
}

// What poise_parse() says of a frame that poise_plain() found plain.
POISE_INLINE void poise_plain_packet(const struct poise_plain *plain, struct poise_packet *packet)
{
	packet->key = poise_plain_key(plain);
	packet->outer_dst = plain->ip.dst;
	packet->seq = plain->tcp.seq;
	packet->ack = plain->tcp.ack;
	packet->l3 = offsetof(struct poise_plain, ip);
	packet->l4 = offsetof(struct poise_plain, tcp);
	packet->l4_length = (__u16)(POISE_HOST16(plain->ip.total_length) - sizeof(plain->ip));
	packet->tcp_flags = plain->tcp.flags & POISE_TCP_FLAG_MASK;
	packet->kind = POISE_PACKET_TCP;
	packet->ttl = plain->ip.ttl;
}

POISE_INLINE int poise_parse_plain(const __u8 *data, const __u8 *end, __u32 frame_length,
				   struct poise_packet *packet)
{
	if (!poise_plain(data, end, frame_length))
		return 0;
	poise_plain_packet((const void *)data, packet);
	return 1;
}

// Every case.
POISE_INLINE enum poise_verdict poise_parse_general(const void *frame, const void *data_end,
						    __u32 frame_length, struct poise_packet *packet)
{
	const __u8 *data = frame, *end = data_end;
	const struct poise_eth *eth = frame;
	const struct poise_vlan *vlan;
	__be16 type;

	POISE_ZERO(packet, sizeof(*packet));
	if ((const __u8 *)(eth + 1) > end)
		return POISE_RUNT;
	type = eth->type;
	packet->l3 = sizeof(*eth);
#pragma GCC unroll 3
	for (int tags = 0; tags < 3; tags++) {
		if (type != POISE_BE16(POISE_ETHERTYPE_VLAN) && type != POISE_BE16(POISE_ETHERTYPE_QINQ))
			break;
		if (tags == 2)
			return POISE_VLAN_DEPTH;
		vlan = (const void *)(data + packet->l3);
		if ((const __u8 *)(vlan + 1) > end)
			return POISE_RUNT;
		type = vlan->type;
		packet->l3 += sizeof(*vlan);
	}
	if (type == POISE_BE16(POISE_ETHERTYPE_IPV4))
		return poise_parse_ipv4(data, end, frame_length, packet);
	if (type == POISE_BE16(POISE_ETHERTYPE_ARP))
		return poise_parse_arp(data, end, packet);
	return POISE_NOT_IPV4;
}

// Parse one frame. `data_end` bounds what may be touched (first segment of a chained buffer),
// `frame_length` is the length on the wire. Returns POISE_FORWARDED with packet->kind set when the packet
// deserves a look-up, otherwise its fate. `*packet` is written in any case. Any thread.
POISE_INLINE enum poise_verdict poise_parse(const void *frame, const void *data_end, __u32 frame_length,
					    struct poise_packet *packet)
{
	if (POISE_LIKELY(poise_parse_plain(frame, data_end, frame_length, packet)))
		return POISE_FORWARDED;
	return poise_parse_general(frame, data_end, frame_length, packet);
}
