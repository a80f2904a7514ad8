// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Frames for unit tests. Checksums are computed from scratch here, word by word as RFC 1071 says it, so
// that they are an independent witness against include/poise/csum.h.
#pragma once

#include <stdint.h>
#include <string.h>

#include <poise/net.h>

#define FRAME_SIZE 2048

// What a frame is made of; zero gives a plain value (see frame_tcp()).
struct frame_spec {
	uint32_t src, dst;	     // host order
	uint16_t src_port, dst_port; // host order
	uint32_t seq, ack;
	uint8_t flags;
	uint8_t ttl;	     // 0: 64
	uint8_t tags;	     // VLAN tags, outer one 802.1ad when there are two
	uint8_t ip_options;  // 32-bit words of no-operation options
	uint8_t tcp_options; // 32-bit words
	uint16_t payload;    // bytes
	uint16_t padding;    // bytes behind the IPv4 packet
	uint16_t fragment;   // host order, flags and offset
	uint8_t inner_bytes; // frame_icmp_error(): bytes quoted behind the inner IPv4 header, 0: 8
};

struct frame {
	uint8_t bytes[FRAME_SIZE];
	uint32_t length;
	uint16_t l3, l4;
};

static inline uint16_t frame_sum(const uint8_t *bytes, uint32_t length, uint32_t start)
{
	uint64_t sum = start;

	for (uint32_t i = 0; i < length; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static inline void frame_put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void frame_put32(uint8_t *at, uint32_t value)
{
	frame_put16(at, value >> 16);
	frame_put16(at + 2, value);
}

static inline uint32_t frame_get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static inline uint32_t frame_pseudo(const uint8_t *ip, uint32_t l4_length)
{
	return (uint32_t)frame_sum(ip + 12, 8, ip[9]) + l4_length;
}

// Set both checksums of an IPv4 packet that carries TCP or ICMP.
static inline void frame_checksum(uint8_t *ip)
{
	uint32_t header = (ip[0] & 15u) * 4, l4_length = frame_get16(ip + 2) - header;
	uint8_t *l4 = ip + header;
	uint8_t *check = l4 + (ip[9] == POISE_PROTOCOL_TCP ? 16 : 2);

	frame_put16(ip + 10, 0);
	frame_put16(ip + 10, (uint16_t)~frame_sum(ip, header, 0));
	frame_put16(check, 0);
	frame_put16(check,
		    (uint16_t)~frame_sum(l4, l4_length,
					 ip[9] == POISE_PROTOCOL_TCP ? frame_pseudo(ip, l4_length) : 0));
}

// Are both checksums right, by full recomputation? (A sum of all words gives 0xffff.)
static inline int frame_valid(const uint8_t *ip)
{
	uint32_t header = (ip[0] & 15u) * 4, l4_length = frame_get16(ip + 2) - header;

	return frame_sum(ip, header, 0) == 0xffff &&
	       frame_sum(ip + header, l4_length,
			 ip[9] == POISE_PROTOCOL_TCP ? frame_pseudo(ip, l4_length) : 0) == 0xffff;
}

static inline void frame_link(struct frame *frame, unsigned int tags, uint16_t type)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 0xaa, 2, 0, 0, 0, 0, 0xbb};

	memset(frame, 0, sizeof(*frame));
	memcpy(frame->bytes, macs, 12);
	frame->l3 = 12;
	for (unsigned int i = 0; i < tags; i++, frame->l3 += 4) {
		frame_put16(frame->bytes + frame->l3,
			    tags > 1 && !i ? POISE_ETHERTYPE_QINQ : POISE_ETHERTYPE_VLAN);
		frame_put16(frame->bytes + frame->l3 + 2, 100 + i);
	}
	frame_put16(frame->bytes + frame->l3, type);
	frame->l3 += 2;
	frame->length = frame->l3;
}

static inline void frame_ipv4(struct frame *frame, const struct frame_spec *spec, uint8_t protocol,
			      uint32_t l4_length)
{
	uint32_t header = 20 + spec->ip_options * 4u;
	uint8_t *ip = frame->bytes + frame->l3;

	ip[0] = (uint8_t)(0x40 | header / 4);
	frame_put16(ip + 2, header + l4_length);
	frame_put16(ip + 4, 0x1234);
	frame_put16(ip + 6, spec->fragment);
	ip[8] = spec->ttl ? spec->ttl : 64;
	ip[9] = protocol;
	frame_put32(ip + 12, spec->src);
	frame_put32(ip + 16, spec->dst);
	memset(ip + 20, 1, spec->ip_options * 4u);
	frame->l4 = (uint16_t)(frame->l3 + header);
	frame->length = frame->l4 + l4_length + spec->padding;
	memset(frame->bytes + frame->l4 + l4_length, 0x5a, spec->padding);
}

static inline void frame_tcp(struct frame *frame, const struct frame_spec *spec)
{
	uint32_t header = 20 + spec->tcp_options * 4u;
	uint8_t *tcp;

	frame_link(frame, spec->tags, POISE_ETHERTYPE_IPV4);
	frame_ipv4(frame, spec, POISE_PROTOCOL_TCP, header + spec->payload);
	tcp = frame->bytes + frame->l4;
	frame_put16(tcp, spec->src_port);
	frame_put16(tcp + 2, spec->dst_port);
	frame_put32(tcp + 4, spec->seq);
	frame_put32(tcp + 8, spec->ack);
	tcp[12] = (uint8_t)(header / 4 << 4);
	tcp[13] = spec->flags;
	frame_put16(tcp + 14, 0xffff);
	memset(tcp + 20, 1, spec->tcp_options * 4u);
	for (uint32_t i = 0; i < spec->payload; i++)
		tcp[header + i] = (uint8_t)(i * 7 + spec->seq);
	frame_checksum(frame->bytes + frame->l3);
}

// An ICMP error from `router` to the sender of `cause`, which quotes its IPv4 header and
// spec->inner_bytes behind it.
static inline void frame_icmp_error(struct frame *frame, const struct frame_spec *spec,
				    const struct frame *cause, uint8_t type, uint8_t code)
{
	const uint8_t *inner = cause->bytes + cause->l3;
	uint32_t quoted = (inner[0] & 15u) * 4 + (spec->inner_bytes ? spec->inner_bytes : 8u);
	uint8_t *icmp;

	frame_link(frame, spec->tags, POISE_ETHERTYPE_IPV4);
	frame_ipv4(frame, spec, POISE_PROTOCOL_ICMP, 8 + quoted);
	icmp = frame->bytes + frame->l4;
	icmp[0] = type;
	icmp[1] = code;
	frame_put16(icmp + 6, type == 3 && code == 4 ? 1400 : 0);
	memcpy(icmp + 8, inner, quoted);
	frame_checksum(frame->bytes + frame->l3);
}
