// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What must hold of a flow table after several writers were at it, whoever they were: no client has two flows, and
// every count is exact.
#pragma once

#include "world.h"

#define ENDPOINTS 48u // clients; few, so that writers meet

static inline struct poise_key endpoint_key(uint32_t endpoint)
{
	return (struct poise_key){ POISE_BE32(WORLD_CLIENT + endpoint / 8), POISE_BE32(WORLD_VIP),
				   POISE_BE16(4000 + endpoint % 8), POISE_BE16(WORLD_VIP_PORT) };
}

// Flows of one endpoint that a reader could find.
static inline unsigned int endpoint_flows(const struct poise_table *table, uint32_t endpoint)
{
	struct poise_key key = endpoint_key(endpoint);
	unsigned int count = 0;

	for (uint32_t number = 1; number <= POISE_SHARDS * table->records_per_shard; number++) {
		const struct poise_flow *flow = poise_record(table, number);

		count += poise_flow_visible(flow) && poise_flow_matches(flow, POISE_INWARD, &key);
	}
	return count;
}

// Endpoints with more than one flow.
static inline unsigned int endpoints_twice(const struct poise_table *table)
{
	unsigned int twice = 0;

	for (uint32_t endpoint = 0; endpoint < ENDPOINTS; endpoint++)
		twice += endpoint_flows(table, endpoint) > 1;
	return twice;
}

// Do the shards' counts and the buckets' entries agree with the flows that are there? Prints what does not.
static inline int counts_are_exact(const struct poise_table *table, enum poise_nat nat)
{
	uint32_t used = 0, half_open = 0, flows = 0, open = 0, entries = 0, wanted;

	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++) {
		used += poise_shard(table, shard)->used;
		half_open += poise_shard(table, shard)->half_open;
	}
	for (uint32_t number = 1; number <= POISE_SHARDS * table->records_per_shard; number++) {
		const struct poise_flow *flow = poise_record(table, number);

		flows += (uint32_t)poise_flow_visible(flow);
		open += poise_flow_visible(flow) && poise_state_half_open((enum poise_flow_state)flow->state);
	}
	for (uint32_t line = 0; line < POISE_SHARDS * table->buckets_per_shard; line++) {
		const struct poise_bucket *bucket = POISE_TABLE_LINE(table, table->bucket_first + line);

		for (uint32_t i = 0; i < POISE_BUCKET_SLOTS; i++)
			entries += bucket->record[i] != 0;
	}
	wanted = nat == POISE_NAT_FULL ? 2 * flows : flows;
	if (used == flows && half_open == open && entries == wanted)
		return 1;
	printf("    %u flows, %u counted; %u half open, %u counted; %u entries, want %u\n", flows, used, open, half_open,
	       entries, wanted);
	return 0;
}
