// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See forwarder.h.
#include "forwarder.h"

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#define BURST 32

static void swap_addresses(struct rte_ether_hdr *frame)
{
	struct rte_ether_addr kept = frame->dst_addr;

	frame->dst_addr = frame->src_addr;
	frame->src_addr = kept;
}

// Parse, and compute both checksums anew, as software without offloads must.
static void compute_checksums(struct rte_ether_hdr *frame)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + 1);
	struct rte_tcp_hdr *tcp;

	if (frame->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4) || ip->next_proto_id != IPPROTO_TCP)
		return;
	tcp = (struct rte_tcp_hdr *)((uint8_t *)ip + rte_ipv4_hdr_len(ip));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	tcp->cksum = 0;
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
}

uint32_t forwarder_turn(enum forwarder forwarder, uint16_t port, uint16_t queue)
{
	struct rte_mbuf *packets[BURST];
	uint16_t count = rte_eth_rx_burst(port, queue, packets, BURST), sent;

	if (!count)
		return 0;
	if (forwarder != FORWARDER_IO)
		for (uint16_t i = 0; i < count; i++)
			rte_prefetch0(rte_pktmbuf_mtod(packets[i], void *));
	if (forwarder != FORWARDER_IO) {
		for (uint16_t i = 0; i < count; i++) {
			struct rte_ether_hdr *frame = rte_pktmbuf_mtod(packets[i], struct rte_ether_hdr *);

			swap_addresses(frame);
			if (forwarder == FORWARDER_CSUM)
				compute_checksums(frame);
		}
	}
	sent = rte_eth_tx_burst(port, queue, packets, count);
	if (sent < count)
		rte_pktmbuf_free_bulk(packets + sent, count - sent);
	return count;
}
