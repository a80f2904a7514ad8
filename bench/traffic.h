// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The traffic of the benchmarks: which endpoints flow number n has, and frames of it with right checksums.
// The addresses are those of bench/world.py. Nothing of the packet path is used here: what comes out of Poise
// is checked against this, by full recomputation.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BENCH_FRAME 64u	  // bytes of a frame, without the check sequence
#define BENCH_BACKENDS 4u // flow n goes to backend n modulo so many: round robin, in the order of the SYNs
#define BENCH_VIP_PORT 80u
#define BENCH_BACKEND_PORT 8080u

enum bench_kind {
	BENCH_SYN,
	BENCH_SYN_ACK,
	BENCH_ACK,
	BENCH_DATA_IN,
	BENCH_DATA_OUT,
	BENCH_FIN_IN,
	BENCH_FIN_OUT,
	BENCH_KINDS
};

struct bench_frame {
	uint8_t to_mac[6], from_mac[6];
	uint16_t type;
	uint8_t version, tos;
	uint16_t length, id, fragment;
	uint8_t ttl, protocol;
	uint16_t ip_check;
	uint32_t source, target;
	uint16_t source_port, target_port;
	uint32_t sequence, acknowledged;
	uint8_t offset, flags;
	uint16_t window, tcp_check, urgent;
	uint32_t number; // of the flow: every frame says what it is, so every frame can be checked
	uint8_t kind;
	uint8_t text[5];
} __attribute__((packed));
_Static_assert(sizeof(struct bench_frame) == BENCH_FRAME, "a frame");

// Host order.
struct bench_flow {
	uint32_t client;
	uint32_t backend;
	uint16_t client_port;
};

// Of so many backends in the configuration. A bijection of numbers: neighbours in the order of creation are
// not neighbours in address.
static inline struct bench_flow bench_flow(uint32_t number, uint32_t backends)
{
	uint32_t mixed = number * 0x9e3779b1u;

	return (struct bench_flow){
		.client = 0x0a000000u | ((number * 0x9e3779u) & 0xffffffu),
		.client_port = (uint16_t)(1024u + (((mixed >> 16) * 64000u) >> 16)),
		.backend = 0xac10000bu + number % backends, // 172.16.0.11 ...
	};
}

static inline uint32_t bench_vip(void)
{
	return 0xc633640au; // 198.51.100.10
}

static inline uint32_t bench_sum(const void *data, uint32_t bytes)
{
	const uint8_t *byte = data;
	uint32_t sum = 0;

	for (uint32_t i = 0; i + 1 < bytes; i += 2)
		sum += (uint32_t)byte[i] << 8 | byte[i + 1];
	return bytes & 1 ? sum + ((uint32_t)byte[bytes - 1] << 8) : sum;
}

static inline uint16_t bench_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

static inline bool bench_inward(enum bench_kind kind)
{
	return kind != BENCH_SYN_ACK && kind != BENCH_DATA_OUT && kind != BENCH_FIN_OUT;
}

static inline uint32_t bench_pseudo(const struct bench_frame *frame)
{
	return bench_sum(&frame->source, 8) + 6 + (uint32_t)(__builtin_bswap16(frame->length) - 20);
}

static inline void bench_finish(struct bench_frame *frame)
{
	uint32_t length = (uint32_t)__builtin_bswap16(frame->length) - 20;

	frame->ip_check = 0;
	frame->ip_check = __builtin_bswap16((uint16_t)~bench_fold(bench_sum(&frame->version, 20)));
	frame->tcp_check = 0;
	frame->tcp_check = __builtin_bswap16(
		(uint16_t)~bench_fold(bench_pseudo(frame) + bench_sum(&frame->source_port, length)));
}

// The frame of flow `number` as its sender gives it to Poise.
static inline void bench_frame_write(struct bench_frame *frame, uint32_t number, enum bench_kind kind,
				     uint32_t backends)
{
	static const uint8_t flags[BENCH_KINDS] = {0x02, 0x12, 0x10, 0x18, 0x18, 0x11, 0x11};
	struct bench_flow flow = bench_flow(number, backends);
	bool inward = bench_inward(kind);

	*frame = (struct bench_frame){
		.to_mac = {2, 0, 0, 0, 0, 1},
		.from_mac = {2, 0, 0, 0, inward ? 0x0c : 0x02, 1},
		.type = __builtin_bswap16(0x0800),
		.version = 0x45,
		.length = __builtin_bswap16(BENCH_FRAME - 14),
		.fragment = __builtin_bswap16(0x4000),
		.ttl = 64,
		.protocol = 6,
		.source = __builtin_bswap32(inward ? flow.client : flow.backend),
		.target = __builtin_bswap32(inward ? bench_vip() : flow.client),
		.source_port = __builtin_bswap16(inward ? flow.client_port : (uint16_t)BENCH_BACKEND_PORT),
		.target_port = __builtin_bswap16(inward ? (uint16_t)BENCH_VIP_PORT : flow.client_port),
		.sequence = __builtin_bswap32(inward ? 1000 : 7000),
		.acknowledged = kind == BENCH_SYN ? 0 : __builtin_bswap32(inward ? 7001 : 1001),
		.offset = 0x50,
		.flags = flags[kind],
		.window = __builtin_bswap16(8192),
		.number = number,
		.kind = (uint8_t)kind,
		.text = "poise",
	};
	bench_finish(frame);
}

// What is wrong with a frame that Poise sent, or NULL. Both checksums are computed anew. `full`: under full
// NAT an inward frame comes from the SNAT address and a port that is not known here.
static inline const char *bench_frame_wrong(const struct bench_frame *frame, uint32_t backends, bool full)
{
	struct bench_flow flow = bench_flow(frame->number, backends);
	bool inward = bench_inward((enum bench_kind)frame->kind);
	uint32_t source = inward ? flow.client : bench_vip(), target = inward ? flow.backend : flow.client;
	uint16_t from = inward ? flow.client_port : (uint16_t)BENCH_VIP_PORT;
	uint16_t to = inward ? (uint16_t)BENCH_BACKEND_PORT : flow.client_port;
	uint8_t mac[6] = {2, 0, 0, 0, inward ? 0x02 : 0x0c, 1}, ours[6] = {2, 0, 0, 0, 0, 1};

	if (full && inward) {
		source = 0xcb007101u; // 203.0.113.1
		from = __builtin_bswap16(frame->source_port);
	}
	if (frame->source != __builtin_bswap32(source) || frame->target != __builtin_bswap32(target))
		return "addresses";
	if (frame->source_port != __builtin_bswap16(from) || frame->target_port != __builtin_bswap16(to))
		return "ports";
	if (memcmp(frame->to_mac, mac, 6) || memcmp(frame->from_mac, ours, 6))
		return "link addresses";
	if (frame->ttl != 63)
		return "time to live";
	if (bench_fold(bench_sum(&frame->version, 20)) != 0xffff)
		return "IP checksum";
	if (bench_fold(bench_pseudo(frame) +
		       bench_sum(&frame->source_port, (uint32_t)__builtin_bswap16(frame->length) - 20)) !=
	    0xffff)
		return "TCP checksum";
	return memcmp(frame->text, "poise", sizeof(frame->text)) ? "data" : NULL;
}
