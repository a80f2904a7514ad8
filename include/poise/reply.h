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
	struct poise_arp *arp = (void *)((__u8 *)frame + (l3 & POISE_L3_MASK));
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
	struct poise_ipv4 *ip = (void *)((__u8 *)frame + (packet->l3 & POISE_L3_MASK));
	struct poise_icmp *icmp = (void *)((__u8 *)frame + (packet->l4 & POISE_L4_MASK));
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

// Write the headers of a time exceeded message from `source` (a service address, network byte order) to `out`, behind
// which the quoted packet lies already: `quote` bytes, a multiple of four, at most POISE_TIME_EXCEEDED_QUOTE. The link
// header is the caller's. Returns the length of the message, or 0 when it does not lie before `data_end`.
POISE_INLINE __u32 poise_fill_time_exceeded(__u8 *out, const void *data_end, __u32 quote, __be32 source)
{
	struct poise_ipv4 *ip = (void *)out;
	struct poise_icmp *icmp = (void *)(out + sizeof(*ip));
	const struct poise_ipv4 *offending = (void *)(out + POISE_TIME_EXCEEDED_HEADER);
	const __u8 *quoted = out + POISE_TIME_EXCEEDED_HEADER;
	__u32 sum = POISE_BE16(POISE_ICMP_TIME_EXCEEDED << 8), word;

	if ((const void *)(offending + 1) > data_end)
		return 0;
	for (__u32 at = 0; at < POISE_TIME_EXCEEDED_QUOTE; at += 4) {
		if (at >= quote)
			break;
		__asm__("" : "+r"(data_end)); // else the compiler counts from the end, which the verifier forbids
		if ((const void *)(quoted + at + 4) > data_end)
			return 0;
		POISE_COPY(&word, quoted + at, 4);
		sum += (word & 0xffff) + (word >> 16);
	}
	POISE_ZERO(out, POISE_TIME_EXCEEDED_HEADER);
	ip->version_ihl = 0x45;
	ip->total_length = POISE_BE16(POISE_TIME_EXCEEDED_HEADER + quote);
	ip->ttl = 64;
	ip->protocol = POISE_PROTOCOL_ICMP;
	ip->src = source;
	ip->dst = offending->src;
	ip->check = (__u16)~poise_csum_fold(poise_csum_sum(ip, sizeof(*ip)));
	icmp->type = POISE_ICMP_TIME_EXCEEDED;
	icmp->check = (__u16)~poise_csum_fold(sum);
	return POISE_TIME_EXCEEDED_HEADER + quote;
}

// The same from a copy of the offending packet, whose IPv4 header `packet_bytes` points at. Processes only.
#ifndef __bpf__
POISE_INLINE __u32 poise_build_time_exceeded(__u8 *out, const __u8 *packet_bytes, __u32 quote,
					     __be32 source)
{
	POISE_COPY(out + POISE_TIME_EXCEEDED_HEADER, packet_bytes, quote);
	return poise_fill_time_exceeded(out, out + POISE_TIME_EXCEEDED_HEADER + quote, quote, source);
}
#endif

// Errors that one sender may send: a burst, and one a millisecond (RFC 1812 4.3.2.8).
#define POISE_ERRORS_BURST 64u
struct poise_error_limit {
	__u32 last_ms;
	__u32 sent; // less one for each millisecond since
};

// May another error be sent now?
POISE_INLINE int poise_error_allowed(struct poise_error_limit *limit, __u32 now_ms)
{
	__u32 elapsed = now_ms - limit->last_ms;

	limit->last_ms = now_ms;
	limit->sent -= elapsed < limit->sent ? elapsed : limit->sent;
	if (limit->sent >= POISE_ERRORS_BURST)
		return 0;
	limit->sent++;
	return 1;
}
