// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Wire headers. Own structs, because the system's headers collide with each other between DPDK, libc
// and the kernel. All multi-byte fields are in network byte order.
#pragma once

#include <poise/base.h>

#define POISE_ETHERTYPE_IPV4 0x0800
#define POISE_ETHERTYPE_ARP 0x0806
#define POISE_ETHERTYPE_VLAN 0x8100 // IEEE 802.1Q
#define POISE_ETHERTYPE_QINQ 0x88a8 // IEEE 802.1ad
#define POISE_PROTOCOL_ICMP 1
#define POISE_PROTOCOL_TCP 6

#define POISE_IP_MORE_FRAGMENTS 0x2000
#define POISE_IP_OFFSET_MASK 0x1fff

#define POISE_TCP_FIN 0x01
#define POISE_TCP_SYN 0x02
#define POISE_TCP_RST 0x04
#define POISE_TCP_PSH 0x08
#define POISE_TCP_ACK 0x10
#define POISE_TCP_URG 0x20

#define POISE_ICMP_ECHO_REPLY 0
#define POISE_ICMP_UNREACHABLE 3
#define POISE_ICMP_ECHO 8
#define POISE_ICMP_TIME_EXCEEDED 11
#define POISE_ICMP_PARAMETER 12

// No offset is larger: two tags, and twice the longest IPv4 header. The verifier wants the bound where a packet is
// written to.
#define POISE_L3_MASK 31u
#define POISE_L4_MASK 127u
#define POISE_INNER_MASK 255u

struct poise_eth {
	__u8 dst[6];
	__u8 src[6];
	__be16 type;
} POISE_PACKED;

struct poise_vlan {
	__be16 tag;
	__be16 type;
} POISE_PACKED;

// RFC 791
struct poise_ipv4 {
	__u8 version_ihl;
	__u8 tos;
	__be16 total_length;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 protocol;
	__u16 check; // ones' complement, byte order neutral
	__be32 src;
	__be32 dst;
} POISE_PACKED;

// RFC 9293
struct poise_tcp {
	__be16 src;
	__be16 dst;
	__be32 seq;
	__be32 ack;
	__u8 data_offset; // upper four bits, in 32-bit words
	__u8 flags;
	__be16 window;
	__u16 check;
	__be16 urgent;
} POISE_PACKED;

// RFC 792
struct poise_icmp {
	__u8 type;
	__u8 code;
	__u16 check;
	__be32 rest;
} POISE_PACKED;

// RFC 826, Ethernet and IPv4
struct poise_arp {
	__be16 hardware;
	__be16 protocol;
	__u8 hardware_size;
	__u8 protocol_size;
	__be16 operation;
	__u8 sender_mac[6];
	__be32 sender_ip;
	__u8 target_mac[6];
	__be32 target_ip;
} POISE_PACKED;

POISE_ASSERT(sizeof(struct poise_eth) == 14, "Ethernet header");
POISE_ASSERT(sizeof(struct poise_vlan) == 4, "VLAN tag");
POISE_ASSERT(sizeof(struct poise_ipv4) == 20, "IPv4 header");
POISE_ASSERT(sizeof(struct poise_tcp) == 20, "TCP header");
POISE_ASSERT(sizeof(struct poise_icmp) == 8, "ICMP header");
POISE_ASSERT(sizeof(struct poise_arp) == 28, "ARP for IPv4 over Ethernet");
