// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// What of the frames that are for no service gets to the kernel, where the configuration denies all that it does not
// pass. Without memory of its own: for the replies to the host's own connections the XDP program asks the kernel
// whether there is a socket (POISE_HOST_ASK). Only frames that go to the kernel pay for it.
#pragma once

#include <poise/net.h>
#include <poise/snapshot.h>

#define POISE_ETHERTYPE_IPV6 0x86dd
#define POISE_PROTOCOL_UDP 17

struct poise_host_packet {
	__be32 src, dst;
	__be16 src_port, dst_port; // 0: there are none
	__u8 version;		   // 4, 6, or 0: it is not IP
	__u8 protocol;
	__u8 icmp_type;
	__u8 whole; // no later fragment: its ports are there
};

enum poise_host_fate { POISE_HOST_PASS, POISE_HOST_DENY, POISE_HOST_ASK };

POISE_INLINE void poise_host_ipv4(const __u8 *l3, const __u8 *end, struct poise_host_packet *packet)
{
	const struct poise_ipv4 *ip = (const void *)l3;
	const __u8 *l4;
	__u32 header;

	packet->version = 4;
	if ((const __u8 *)(ip + 1) > end)
		return;
	header = (ip->version_ihl & 15u) * 4;
	packet->src = ip->src;
	packet->dst = ip->dst;
	packet->protocol = ip->protocol;
	packet->whole = !(ip->fragment & POISE_BE16(POISE_IP_OFFSET_MASK));
	l4 = l3 + header;
	if (header < sizeof(*ip) || !packet->whole || l4 + 4 > end)
		return;
	if (packet->protocol == POISE_PROTOCOL_ICMP) {
		packet->icmp_type = l4[0];
	} else if (packet->protocol == POISE_PROTOCOL_TCP || packet->protocol == POISE_PROTOCOL_UDP) {
		POISE_COPY(&packet->src_port, l4, 2);
		POISE_COPY(&packet->dst_port, l4 + 2, 2);
	}
}

// Look at a frame; whatever it is, *packet says as much of it as there is. Any thread.
POISE_INLINE void poise_host_parse(const void *data, const void *data_end, struct poise_host_packet *packet)
{
	const __u8 *l3 = (const __u8 *)data + sizeof(struct poise_eth), *end = data_end;
	__be16 type;

	POISE_ZERO(packet, sizeof(*packet));
	packet->icmp_type = 255;
	if (l3 > end)
		return;
	POISE_COPY(&type, l3 - 2, 2);
#pragma GCC unroll 2
	for (int tag = 0; tag < 2; tag++) {
		if (type != POISE_BE16(POISE_ETHERTYPE_VLAN) && type != POISE_BE16(POISE_ETHERTYPE_QINQ))
			break;
		if (l3 + sizeof(struct poise_vlan) > end)
			return;
		POISE_COPY(&type, l3 + 2, 2);
		l3 += sizeof(struct poise_vlan);
	}
	if (type == POISE_BE16(POISE_ETHERTYPE_IPV4))
		poise_host_ipv4(l3, end, packet);
	else if (type == POISE_BE16(POISE_ETHERTYPE_IPV6))
		packet->version = 6;
}

// Does a rule hold this packet?
POISE_INLINE int poise_host_matches(const struct poise_pass *rule, const struct poise_host_packet *packet, __u32 port)
{
	__u16 to = POISE_HOST16(packet->dst_port);

	if (!(rule->ports >> (port & (POISE_MAX_PORTS - 1)) & 1))
		return 0;
	if ((rule->version && rule->version != packet->version) ||
	    (rule->protocol && rule->protocol != packet->protocol))
		return 0;
	if ((packet->src & rule->mask) != rule->prefix || (rule->mask && packet->version != 4))
		return 0;
	return !rule->last_port || (packet->dst_port && to >= rule->first_port && to <= rule->last_port);
}

// What becomes of a frame for the kernel that came in by this port. Any thread.
POISE_PART int poise_host_decide(const struct poise_snapshot *snapshot, const struct poise_host_packet *packet,
				 __u32 port)
{
	if (!snapshot || !packet || !packet->version) // ARP, LLDP and their kind do not leave the link
		return POISE_HOST_PASS;
	if (packet->version == 4 && packet->protocol == POISE_PROTOCOL_ICMP &&
	    (packet->icmp_type == POISE_ICMP_UNREACHABLE || packet->icmp_type == POISE_ICMP_TIME_EXCEEDED ||
	     packet->icmp_type == POISE_ICMP_PARAMETER || packet->icmp_type == POISE_ICMP_ECHO_REPLY))
		return POISE_HOST_PASS;
	for (__u32 i = 0; i < POISE_MAX_PASS; i++) {
		if (i >= snapshot->pass_count)
			break;
		if (poise_host_matches(&snapshot->pass[i], packet, port))
			return POISE_HOST_PASS;
	}
	return packet->version == 4 && packet->dst_port ? POISE_HOST_ASK : POISE_HOST_DENY;
}
