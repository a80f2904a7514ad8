// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See snat.h.
#include "snat.h"

#include <rte_thash.h>

#include "../dataplane/steer.h"
#include "traffic.h"

#define RETA_SIZE 128u // entries of the indirection table that is assumed, a common size

static uint32_t record_of(const struct poise_table *table, uint32_t number, uint32_t backends)
{
	struct bench_flow flow = bench_flow(number, backends);
	struct poise_key key = {
		.src = __builtin_bswap32(flow.client),
		.dst = __builtin_bswap32(bench_vip()),
		.src_port = __builtin_bswap16(flow.client_port),
		.dst_port = __builtin_bswap16(BENCH_VIP_PORT),
	};
	struct poise_place place = poise_place_client(table, key.src, key.src_port);

	return poise_table_find(table, &place, &key, POISE_INWARD);
}

static uint32_t hash_of(const struct poise_key *reply, const uint8_t *key)
{
	union rte_thash_tuple tuple = {.v4 = {.src_addr = __builtin_bswap32(reply->src),
					      .dst_addr = __builtin_bswap32(reply->dst),
					      .sport = __builtin_bswap16(reply->src_port),
					      .dport = __builtin_bswap16(reply->dst_port)}};

	return rte_softrss((uint32_t *)&tuple, RTE_THASH_V4_L4_LEN, key);
}

struct snat_count snat_count(const struct dp_dataplane *dataplane, uint32_t flows, uint32_t backends)
{
	const struct poise_table *table = &dataplane->workers[0]->table;
	const struct poise_snat *snat = &dataplane->snapshot->snat[0];
	uint32_t workers = dataplane->workers_count;
	struct snat_count count = {.range = snat->last_port - snat->first_port + 1u, .refused_at = flows};
	uint8_t key[DP_STEER_KEY_BYTES];

	dp_steer_key(key, sizeof(key));
	for (uint32_t number = 0; number < flows; number++) {
		uint32_t record = record_of(table, number, backends), owner, queue;
		const struct poise_flow *flow = record ? poise_record(table, record) : NULL;
		struct poise_key reply;

		if (!flow && number < count.refused_at)
			count.refused_at = number;
		if (!flow || !(flow->flags & POISE_FLOW_FULL_NAT))
			continue;
		reply = poise_flow_reply_key(flow);
		owner = dataplane->owners[flow->shard & (POISE_SHARDS - 1)];
		queue = dp_steer_queue(hash_of(&reply, key) & (RETA_SIZE - 1), dataplane->owners, workers,
				       workers);
		count.with_port++;
		count.landed += queue % workers == owner;
		count.shards +=
			dataplane->owners[__builtin_bswap16(reply.dst_port) & (POISE_SHARDS - 1)] == owner;
	}
	return count;
}
