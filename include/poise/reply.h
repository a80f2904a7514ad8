// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Answers that the balancer gives itself, built in place from the request: ARP for a service or SNAT address
// (RFC 826), ICMP echo to a service address (RFC 792), and time exceeded (RFC 1812 4.3.2).
#pragma once

#include <poise/csum.h>
#include <poise/parse.h>
#include <poise/snapshot.h>

POISE_INLINE void poise_reply_link(struct poise_eth *eth, const __u8 mac[6])
{
	__u8 requester[6];

	POISE_COPY(requester, eth->src, 6);
	POISE_COPY(eth->src, mac, 6);
	POISE_COPY(eth->dst, requester, 6);
}

// Is this address one that Poise answers for by itself on this port: a service's, or a SNAT address that no
// kernel interface has (`snat_too`: nonzero where there is no kernel).
POISE_INLINE int poise_address_ours(const struct poise_snapshot *snapshot, __be32 address, int snat_too)
{
	if (poise_vip_find(snapshot, address, 0) != POISE_NONE16)
		return 1;
	return snat_too && poise_snat_find(snapshot, address) != POISE_NONE16;
}

// Answer a request in `frame` (parsed as POISE_PACKET_ARP) from `mac`, the receiving port's. Returns
// POISE_ARP_ANSWERED (send the frame back by the same port) or POISE_ARP_NOT_OURS.
POISE_INLINE enum poise_verdict poise_reply_arp(const struct poise_snapshot *snapshot, void *frame,
						const void *data_end, __u16 l3, const __u8 mac[6],
						int snat_too)
{
	struct poise_eth *eth = frame;
	struct poise_arp *arp = (void *)((__u8 *)frame + l3);
	__be32 asked;

	if ((void *)(eth + 1) > data_end || (void *)(arp + 1) > data_end)
		return POISE_ARP_MALFORMED;
	asked = arp->target_ip;
	if (arp->operation != POISE_BE16(1) || !poise_address_ours(snapshot, asked, snat_too))
		return POISE_ARP_NOT_OURS;
	poise_reply_link(eth, mac);
	arp->operation = POISE_BE16(2);
	POISE_COPY(arp->target_mac, arp->sender_mac, 6);
	arp->target_ip = arp->sender_ip;
	POISE_COPY(arp->sender_mac, mac, 6);
	arp->sender_ip = asked;
	return POISE_ARP_ANSWERED;
}

// Answer an ICMP echo request to a service address. Returns POISE_ECHO_ANSWERED or POISE_NOT_TCP.
POISE_INLINE enum poise_verdict poise_reply_echo(const struct poise_snapshot *snapshot, void *frame,
						 const void *data_end, const struct poise_packet *packet,
						 const __u8 mac[6])
{
	struct poise_eth *eth = frame;
	struct poise_ipv4 *ip = (void *)((__u8 *)frame + packet->l3);
	struct poise_icmp *icmp = (void *)((__u8 *)frame + packet->l4);
	__be32 asker;
	__u16 before, after;

	if ((void *)(eth + 1) > data_end || (void *)(ip + 1) > data_end || (void *)(icmp + 1) > data_end)
		return POISE_RUNT;
	if (poise_vip_find(snapshot, ip->dst, 0) == POISE_NONE16)
		return POISE_NOT_TCP;
	poise_reply_link(eth, mac);
	asker = ip->src;
	ip->src = ip->dst;
	ip->dst = asker;
	POISE_COPY(&before, &ip->ttl, 2); // word of TTL and protocol
	ip->ttl = 64;
	POISE_COPY(&after, &ip->ttl, 2);
	ip->check = poise_csum_apply(ip->check, poise_csum_fold(poise_csum_diff16(before, after)));
	// Type 8 becomes 0: the first word of the ICMP header changes.
	icmp->check = poise_csum_apply(icmp->check, poise_csum_fold(poise_csum_diff16(
							    POISE_BE16(POISE_ICMP_ECHO << 8), 0)));
	icmp->type = POISE_ICMP_ECHO_REPLY;
	return POISE_ECHO_ANSWERED;
}

// Bytes in front of the quoted packet in an ICMP time exceeded message: IPv4 and ICMP header.
#define POISE_TIME_EXCEEDED_HEADER (sizeof(struct poise_ipv4) + sizeof(struct poise_icmp))
// What is quoted: the IPv4 header with options and 8 bytes; never more than this.
#define POISE_TIME_EXCEEDED_QUOTE 68u

// Build a time exceeded message for a packet toward `source` (a service address, network byte order) into
// `out`: IPv4 + ICMP + quote; the link header is the caller's. `packet_bytes` points at the offending IPv4
// header, `quote` bytes of it are quoted (at most POISE_TIME_EXCEEDED_QUOTE). Returns the length written.
POISE_INLINE __u32 poise_build_time_exceeded(__u8 *out, const __u8 *packet_bytes, __u32 quote,
					     __be32 source)
{
	const struct poise_ipv4 *offending = (const void *)packet_bytes;
	struct poise_ipv4 *ip = (void *)out;
	struct poise_icmp *icmp = (void *)(out + sizeof(*ip));
	__u32 length = POISE_TIME_EXCEEDED_HEADER + quote;

	POISE_ZERO(out, POISE_TIME_EXCEEDED_HEADER);
	ip->version_ihl = 0x45;
	ip->total_length = POISE_BE16(length);
	ip->ttl = 64;
	ip->protocol = POISE_PROTOCOL_ICMP;
	ip->src = source;
	ip->dst = offending->src;
	ip->check = (__u16)~poise_csum_fold(poise_csum_sum(ip, sizeof(*ip)));
	icmp->type = POISE_ICMP_TIME_EXCEEDED;
	POISE_COPY(out + POISE_TIME_EXCEEDED_HEADER, packet_bytes, quote);
	icmp->check = (__u16)~poise_csum_fold(poise_csum_sum(icmp, sizeof(*icmp) + quote));
	return length;
}
