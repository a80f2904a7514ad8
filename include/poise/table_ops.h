// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Reading and changing the flow table: find, insert, remove, allocate, free. Shared by both data paths.
#pragma once

#include <poise/table.h>

// The record of a packet, or 0. `direction` says which end of the tuple to compare. Owner of the shard;
// another reader must check the record's sequence before and after use.
POISE_INLINE __u32 poise_table_find(const struct poise_table *table, const struct poise_place *place,
				    const struct poise_key *key, enum poise_direction direction)
{
	for (__u32 probe = 0; probe < POISE_PROBE_MAX; probe++) {
		const struct poise_bucket *bucket = poise_bucket(table, place, probe);

		if (!bucket)
			return 0;
		POISE_EACH_BIT(i, poise_bucket_match(bucket, place->signature)) {
			__u32 number = POISE_LOAD(bucket->record[i]);
			const struct poise_flow *flow;

			if (!number)
				continue;
			flow = poise_record(table, number);
			if (!flow || POISE_LOAD(flow->sequence) & 1)
				continue;
			if (poise_flow_matches(flow, direction, key))
				return number;
		}
		if (!POISE_LOAD(bucket->overflow))
			return 0;
	}
	return 0;
}

// Enter a record. Returns 0, or -1 when all buckets of the probe are full (nothing is changed).
POISE_INLINE int poise_table_insert(const struct poise_table *table, const struct poise_place *place,
				    __u32 number)
{
	for (__u32 probe = 0; probe < POISE_PROBE_MAX; probe++) {
		struct poise_bucket *bucket = poise_bucket(table, place, probe);
		struct poise_shard *shard;

		if (!bucket)
			break;
		for (__u32 i = 0; i < POISE_BUCKET_SLOTS; i++) {
			if (POISE_LOAD(bucket->record[i]) || POISE_CAS(&bucket->record[i], 0u, number))
				continue;
			// A reader that comes between sees the old signature and misses.
			POISE_STORE(bucket->signature[i], place->signature);
			shard = poise_shard(table, place->shard);
			if (shard && probe > shard->probe_worst)
				shard->probe_worst = probe;
			return 0;
		}
		POISE_FETCH_ADD(&bucket->overflow, 1);
	}
	for (__u32 probe = 0; probe < POISE_PROBE_MAX; probe++) {
		struct poise_bucket *bucket = poise_bucket(table, place, probe);

		if (bucket)
			POISE_FETCH_ADD(&bucket->overflow, -1);
	}
	return -1;
}

// Remove the entry of a record. Returns 0, or -1 when it was not there.
POISE_INLINE int poise_table_remove(const struct poise_table *table, const struct poise_place *place,
				    __u32 number)
{
	for (__u32 probe = 0; probe < POISE_PROBE_MAX; probe++) {
		struct poise_bucket *bucket = poise_bucket(table, place, probe);

		if (!bucket)
			return -1;
		for (__u32 i = 0; i < POISE_BUCKET_SLOTS; i++) {
			if (POISE_LOAD(bucket->record[i]) != number)
				continue;
			POISE_STORE_RELEASE(bucket->record[i], 0u);
			for (__u32 passed = 0; passed < POISE_PROBE_MAX; passed++) {
				if (passed >= probe)
					break;
				bucket = poise_bucket(table, place, passed);
				if (bucket)
					POISE_FETCH_ADD(&bucket->overflow, -1);
			}
			return 0;
		}
		if (!POISE_LOAD(bucket->overflow))
			return -1;
	}
	return -1;
}

// The next free record after a freed one is kept in its last_seen_ms.
#define poise_free_next last_seen_ms

// Take a free record of the shard. Returns its number with an odd sequence (invisible until
// poise_record_publish()), or 0 when the shard is full.
POISE_INLINE __u32 poise_record_allocate(const struct poise_table *table, __u32 shard_index)
{
	struct poise_shard *shard = poise_shard(table, shard_index);
	struct poise_flow *flow;
	__u32 number = 0;

	if (!shard)
		return 0;
	for (int attempt = 0; attempt < 16; attempt++) {
		__u64 head = POISE_LOAD(shard->free_head);

		number = (__u32)head;
		if (!number)
			break;
		flow = poise_record(table, number);
		if (!flow)
			return 0;
		// The count in the upper half makes a recycled head differ (no ABA).
		if (POISE_CAS(&shard->free_head, head,
			      ((head >> 32) + 1) << 32 | POISE_LOAD(flow->poise_free_next)) == head)
			goto taken;
		number = 0;
	}
	for (int attempt = 0; attempt < 16; attempt++) {
		__u32 top = POISE_LOAD(shard->used_top);

		if (top >= table->records_per_shard)
			return 0;
		if (POISE_CAS(&shard->used_top, top, top + 1) == top) {
			number = shard_index * table->records_per_shard + top + 1;
			break;
		}
	}
	if (!number)
		return 0;
	flow = poise_record(table, number);
	if (!flow)
		return 0;
taken:
	POISE_STORE(flow->sequence, flow->sequence | 1);
	POISE_FETCH_ADD(&shard->used, 1);
	return number;
}

// Give a record back whose sequence is odd and that no bucket names any more.
POISE_INLINE void poise_record_free(const struct poise_table *table, __u32 shard_index, __u32 number)
{
	struct poise_shard *shard = poise_shard(table, shard_index);
	struct poise_flow *flow = poise_record(table, number);

	if (!shard || !flow)
		return;
	POISE_STORE(flow->state, (__u8)POISE_STATE_FREE);
	for (int attempt = 0; attempt < 64; attempt++) {
		__u64 head = POISE_LOAD(shard->free_head);

		POISE_STORE(flow->poise_free_next, (__u32)head);
		if (POISE_CAS(&shard->free_head, head, ((head >> 32) + 1) << 32 | number) == head)
			break;
	}
	POISE_FETCH_ADD(&shard->used, -1);
}

// Make a filled record visible: the tuple is complete before the sequence turns even.
POISE_INLINE void poise_record_publish(struct poise_flow *flow)
{
	POISE_STORE_RELEASE(flow->sequence, flow->sequence + 1);
}

POISE_INLINE void poise_record_hide(struct poise_flow *flow)
{
	POISE_STORE(flow->sequence, flow->sequence | 1);
	POISE_BARRIER();
}

POISE_INLINE struct poise_key poise_flow_reply_key(const struct poise_flow *flow)
{
	struct poise_key key = {
		.src = flow->backend,
		.dst = flow->snat,
		.src_port = flow->backend_port,
		.dst_port = flow->snat_port,
	};

	return key;
}

// Move a flow to another state by hand (creation, sweep), keeping the shard's count of half-open flows.
POISE_INLINE void poise_half_open_add(const struct poise_table *table, __u32 shard_index, int difference)
{
	struct poise_shard *shard = poise_shard(table, shard_index);

	if (shard)
		POISE_FETCH_ADD(&shard->half_open, (__u32)difference);
}

// Remove a flow altogether: entries, then the record. Owner of the shard.
POISE_INLINE void poise_flow_remove(const struct poise_table *table, struct poise_flow *flow, __u32 number)
{
	struct poise_place place = poise_place_client(table, flow->client, flow->client_port);
	__u32 shard = place.shard;

	poise_record_hide(flow);
	if (poise_state_half_open((enum poise_flow_state)flow->state))
		poise_half_open_add(table, shard, -1);
	poise_table_remove(table, &place, number);
	if (flow->flags & POISE_FLOW_FULL_NAT) {
		struct poise_key reply = poise_flow_reply_key(flow);

		place = poise_place_snat(table, &reply);
		poise_table_remove(table, &place, number);
	}
	poise_record_free(table, shard, number);
}
