// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What must hold of every frame and of the flow table, whatever came in. A broken rule ends the process, which is
// what libFuzzer looks for.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <poise/path.h>
#include <poise/quick.h>

#define MUST(rule)                                                                                       \
	do {                                                                                             \
		if (!(rule)) {                                                                           \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #rule);               \
			abort();                                                                         \
		}                                                                                        \
	} while (0)

// A frame: the bytes of its first segment, and how long it is on the wire.
struct packet_frame {
	uint8_t *bytes;
	uint32_t length, wire;
};

// One before it was rewritten.
struct packet_before {
	uint8_t bytes[2048];
	uint32_t length;
	uint32_t ip_sum, l4_sum;
};

// Ones' complement sum, 0 for both of its zeros.
static inline uint32_t packet_sum(const uint8_t *bytes, uint32_t length, uint32_t sum)
{
	for (uint32_t i = 0; i < length; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum % 0xffff;
}

// Sums that a translation must not change: neither right nor wrong checksums may become the other. What lies in
// further segments is not changed anyway.
static inline void packet_sums(const struct packet_frame *frame, const struct poise_packet *packet, uint32_t *ip,
			       uint32_t *l4)
{
	const uint8_t *header = frame->bytes + packet->l3;
	uint32_t pseudo = packet->kind == POISE_PACKET_TCP ? packet_sum(header + 12, 8, 0) : 0;
	uint32_t here = frame->length - packet->l4;

	*ip = packet_sum(header, (uint32_t)(packet->l4 - packet->l3), 0);
	if (here > packet->l4_length)
		here = packet->l4_length;
	*l4 = packet_sum(header + (packet->l4 - packet->l3), here, pseudo);
}

static inline void packet_keep(struct packet_before *before, const struct packet_frame *frame,
			       const struct poise_packet *packet)
{
	memcpy(before->bytes, frame->bytes, frame->length);
	before->length = frame->length;
	packet_sums(frame, packet, &before->ip_sum, &before->l4_sum);
}

// The short cut of the parser and its long way agree.
static inline void packet_parsers(const struct packet_frame *frame, enum poise_verdict verdict,
				  const struct poise_packet *packet)
{
	struct poise_packet general;

	MUST(poise_parse_general(frame->bytes, frame->bytes + frame->length, frame->wire, &general) == verdict);
	if (verdict != POISE_FORWARDED)
		return;
	MUST(!memcmp(&general.key, &packet->key, sizeof(general.key)) && general.outer_dst == packet->outer_dst);
	MUST(general.kind == packet->kind && general.ttl == packet->ttl);
	if (packet->kind == POISE_PACKET_ARP)
		return;
	MUST(general.l3 == packet->l3 && general.l4 == packet->l4 && general.l4_length == packet->l4_length);
	MUST(packet->l4 + (uint32_t)packet->l4_length <= frame->wire);
	if (packet->kind == POISE_PACKET_TCP)
		MUST(general.seq == packet->seq && general.ack == packet->ack &&
		     general.tcp_flags == packet->tcp_flags);
}

// May a translation change byte `at`?
static inline int packet_may_change(const struct poise_packet *packet, uint32_t at)
{
	uint32_t ip = at - packet->l3, l4 = at - packet->l4; // wrap below

	if (at < 12 || ip == 8 || (ip >= 10 && ip < 20))
		return 1;
	if (packet->kind == POISE_PACKET_TCP)
		return l4 < 4 || l4 == 16 || l4 == 17;
	ip = at - packet->inner_l3;
	if (l4 == 2 || l4 == 3 || (ip >= 10 && ip < 20))
		return 1;
	l4 = at - packet->inner_l4; // the quoted checksum only when it is quoted
	return l4 < 4 || ((l4 == 16 || l4 == 17) && packet->inner_l4 + 18 <= packet->l4 + packet->l4_length);
}

// A frame that goes on: one hop older, translated as its flow says, everything else as it came.
static inline void packet_translated(const struct packet_before *before, const struct packet_frame *after,
				     const struct poise_step *step, const struct poise_flow *flow)
{
	const struct poise_packet *packet = &step->packet;
	const uint8_t *frame = after->bytes;
	const struct poise_ipv4 *ip = (const void *)(frame + packet->l3);
	int inward = step->direction == POISE_INWARD;
	uint32_t ip_sum, l4_sum;

	packet_sums(after, packet, &ip_sum, &l4_sum);
	MUST(ip_sum == before->ip_sum && l4_sum == before->l4_sum);
	MUST(ip->ttl + 1 == packet->ttl);
	MUST(ip->dst == (inward ? flow->backend : flow->client));
	for (uint32_t i = 0; i < before->length; i++)
		MUST(frame[i] == before->bytes[i] || packet_may_change(packet, i));
	if (packet->kind != POISE_PACKET_TCP)
		return;
	MUST(ip->src == (inward ? flow->snat : flow->vip));
	MUST(!memcmp(frame + packet->l4, inward ? &flow->snat_port : &flow->vip_port, 2));
	MUST(!memcmp(frame + packet->l4 + 2, inward ? &flow->backend_port : &flow->client_port, 2));
}

// Every record that is in use is found from both ends, the counts of its shard are right, and no bucket has an
// entry too many.
static inline void table_audit(const struct poise_table *table)
{
	uint32_t entries = 0, wanted = 0;

	for (uint32_t s = 0; s < POISE_SHARDS; s++) {
		const struct poise_shard *shard = poise_shard(table, s);
		uint32_t used = 0, half_open = 0;

		for (uint32_t i = 0; i < table->records_per_shard; i++) {
			uint32_t number = s * table->records_per_shard + i + 1;
			const struct poise_flow *flow = poise_record(table, number);
			struct poise_key in = { flow->client, flow->vip, flow->client_port, flow->vip_port };
			struct poise_key out = { flow->backend, flow->snat, flow->backend_port, flow->snat_port };
			struct poise_place there = poise_place_client(table, in.src, in.src_port), back = there;

			if (flow->state == POISE_STATE_FREE)
				continue;
			if (flow->flags & POISE_FLOW_FULL_NAT)
				back = poise_place_snat(table, &out);
			MUST(!(flow->sequence & 1) && flow->shard == s && there.shard == s);
			MUST(poise_table_find(table, &there, &in, POISE_INWARD) == number);
			MUST(poise_table_find(table, &back, &out, POISE_OUTWARD) == number);
			used++;
			half_open += (uint32_t)poise_state_half_open((enum poise_flow_state)flow->state);
			wanted += flow->flags & POISE_FLOW_FULL_NAT ? 2 : 1;
		}
		MUST(shard->used == used && shard->half_open == half_open);
	}
	for (uint32_t line = table->bucket_first; line < table->record_first; line++) {
		const struct poise_bucket *bucket = POISE_TABLE_LINE(table, line);

		for (uint32_t i = 0; i < POISE_BUCKET_SLOTS; i++)
			entries += bucket->record[i] != 0;
	}
	MUST(entries == wanted);
}
