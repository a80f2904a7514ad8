// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Reading and changing the flow table: find, insert, remove, allocate, free. Shared by both data paths.
#pragma once

#include <poise/source_limit.h>

// A record and the even sequence that it had when its tuple was compared. It is still that flow as long as the
// sequence has not changed: poise_flow_is().
struct poise_found {
	__u32 number; // 0: none
	__u32 sequence;
};

// Is this record, unless it is found->number, a packet's? Then it is *found. Returns 1 or 0. A part of its own, because
// the verifier would follow all ways through ten slots.
POISE_PART int poise_record_look(const struct poise_table *table, __u32 number, const struct poise_key *key,
				 __u32 direction, struct poise_found *found)
{
	const struct poise_flow *flow;
	__u32 sequence;

	if (!table || !key || !found || !number || number == found->number)
		return 0;
	flow = poise_record(table, number);
	if (!flow)
		return 0;
	sequence = POISE_LOAD_ACQUIRE(flow->sequence);
	if (sequence & 1 || !poise_flow_matches(flow, (enum poise_direction)direction, key))
		return 0;
	found->number = number;
	found->sequence = sequence;
	return 1;
}

// The record of a packet other than found->number (0: any), in *found. `direction` says which end of the tuple to
// compare. Returns the record's number, or 0. Any reader; only one that no other writer can meet may use the record
// without poise_flow_is() after the last use.
POISE_PART __u32 poise_table_look(const struct poise_table *table, const struct poise_place *place,
				  const struct poise_key *key, __u32 direction, struct poise_found *found)
{
	if (!table || !place || !key || !found) // for the verifier
		return 0;
	POISE_NO_UNROLL
	for (__u32 probe = 0; probe < POISE_PROBE_MAX; probe++) {
		const struct poise_bucket *bucket = poise_bucket(table, place, probe);

		if (!bucket)
			break;
		POISE_EACH_BIT(i, poise_bucket_match(bucket, place->signature))
			if (poise_record_look(table, POISE_LOAD(bucket->record[i]), key, direction, found))
				return found->number;
		if (!POISE_LOAD(bucket->overflow))
			break;
	}
	found->number = 0;
	return 0;
}

// The same for a reader that does not care about others.
POISE_INLINE __u32 poise_table_find(const struct poise_table *table, const struct poise_place *place,
				    const struct poise_key *key, enum poise_direction direction)
{
	struct poise_found found = { 0 };

	return poise_table_look(table, place, key, direction, &found);
}

// Has the record been the same flow all the time since `sequence` was noted?
POISE_INLINE int poise_flow_is(const struct poise_flow *flow, __u32 sequence)
{
	POISE_BARRIER_READ();
	return POISE_LOAD(flow->sequence) == sequence;
}

// Enter a record. Returns 0, or -1 when all buckets of the probe are full (nothing is changed).
POISE_PART int poise_table_insert(const struct poise_table *table, const struct poise_place *place, __u32 number)
{
	if (!table || !place)
		return -1;
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
				POISE_STORE(shard->probe_worst, probe);
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
POISE_PART int poise_table_remove(const struct poise_table *table, const struct poise_place *place, __u32 number)
{
	if (!table || !place)
		return -1;
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

// The next free record after a freed one is kept where its client was: a field that nobody writes to a record
// which is not his.
#define poise_free_next client

// Take a free record of the shard. Returns its number with an odd sequence (invisible until
// poise_record_publish()), or 0 when the shard is full.
POISE_PART __u32 poise_record_allocate(const struct poise_table *table, __u32 shard_index)
{
	struct poise_shard *shard;
	struct poise_flow *flow;
	__u32 number = 0;

	if (!table)
		return 0;
	shard = poise_shard(table, shard_index);
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
	POISE_STORE(flow->sequence, POISE_LOAD(flow->sequence) | 1);
	POISE_FETCH_ADD(&shard->used, 1);
	return number;
}

// Give a record back whose sequence is odd and that no bucket names any more. Lost for the time being when other
// writers are quicker 64 times in a row; the next start of a dataplane finds it (dp_recover()).
POISE_PART int poise_record_free(const struct poise_table *table, __u32 shard_index, __u32 number)
{
	struct poise_shard *shard;
	struct poise_flow *flow;

	if (!table)
		return -1;
	shard = poise_shard(table, shard_index);
	flow = poise_record(table, number);
	if (!shard || !flow)
		return -1;
	POISE_STORE(flow->state, (__u8)POISE_STATE_FREE);
	for (int attempt = 0; attempt < 64; attempt++) {
		__u64 head = POISE_LOAD(shard->free_head);

		POISE_STORE(flow->poise_free_next, (__u32)head);
		if (POISE_CAS(&shard->free_head, head, ((head >> 32) + 1) << 32 | number) == head)
			break;
	}
	POISE_FETCH_ADD(&shard->used, -1);
	return 0;
}

// Make a filled record visible: the tuple is complete before the sequence turns even, and what the caller looks at
// next is what others made visible before. Returns the sequence.
POISE_INLINE __u32 poise_record_publish(struct poise_flow *flow)
{
	return POISE_FETCH_ADD(&flow->sequence, 1u) + 1;
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

POISE_INLINE void poise_half_open_add(const struct poise_table *table, __u32 shard_index, int difference)
{
	struct poise_shard *shard = poise_shard(table, shard_index);

	if (shard)
		POISE_FETCH_ADD(&shard->half_open, (__u32)difference);
}

// Take a flow for oneself, to remove it. Of several writers that want the same flow one gets it, and none gets a
// flow that has come into the record since `sequence` was noted. Returns 1 or 0.
POISE_INLINE int poise_flow_claim(struct poise_flow *flow, __u32 sequence)
{
	return !(sequence & 1) && POISE_CAS(&flow->sequence, sequence, sequence + 1) == sequence;
}

// Remove a claimed flow: entries, then the record.
POISE_INLINE void poise_flow_discard(const struct poise_table *table, struct poise_flow *flow, __u32 number)
{
	struct poise_place place = poise_place_client(table, flow->client, flow->client_port);
	__u32 shard = place.shard, word;

	// Others may still move the state. From here on it stays, and it is counted once.
	word = POISE_EXCHANGE(poise_flow_word(flow),
			      poise_word_with(POISE_LOAD(*poise_flow_word(flow)), POISE_STATE_FREE));
	if (poise_state_half_open((enum poise_flow_state)poise_word_state(word)))
		poise_half_open_add(table, shard, -1);
	if (POISE_UNLIKELY(POISE_LOAD(flow->flags) & POISE_FLOW_COUNTED)) {
		poise_source_leave(table, flow->client, flow->vip_index);
		POISE_STORE(flow->flags, (__u8)(POISE_LOAD(flow->flags) & ~POISE_FLOW_COUNTED));
	}
	poise_table_remove(table, &place, number);
	if (POISE_LOAD(flow->flags) & POISE_FLOW_FULL_NAT) {
		struct poise_key reply = poise_flow_reply_key(flow);

		place = poise_place_snat(table, &reply);
		poise_table_remove(table, &place, number);
	}
	poise_record_free(table, shard, number);
}

// Remove the flow that had `sequence`. Returns 1, or 0 when another writer was quicker (nothing is done).
POISE_INLINE int poise_flow_remove_if(const struct poise_table *table, struct poise_flow *flow, __u32 number,
				      __u32 sequence)
{
	if (!poise_flow_claim(flow, sequence))
		return 0;
	poise_flow_discard(table, flow, number);
	return 1;
}

// The same for whichever flow is in the record now.
POISE_INLINE int poise_flow_remove(const struct poise_table *table, struct poise_flow *flow, __u32 number)
{
	return poise_flow_remove_if(table, flow, number, POISE_LOAD(flow->sequence));
}
