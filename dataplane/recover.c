// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See recover.h.
#include "recover.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// A writer finishes a record within microseconds; one that has not after this long is dead.
#define DP_SETTLE_NS 10000000

struct scan {
	const struct poise_table *table;
	uint64_t *candidates; // bitmaps of one shard's records
	uint64_t *free_records;
	uint32_t *noted; // sequences of the candidates
	size_t words;
	uint32_t shard_index;
	uint32_t first; // number of the shard's first record
	uint32_t top;
};

// Free records that were taken off a shard's list: nobody else sees them.
struct chain {
	struct poise_flow *tail;
	uint32_t head;
	uint32_t length;
};

static bool bit(const uint64_t *map, uint32_t position)
{
	return map[position / 64] >> position % 64 & 1;
}

static void set_bit(uint64_t *map, uint32_t position)
{
	map[position / 64] |= 1ull << position % 64;
}

static bool in_shard(const struct scan *scan, uint32_t number)
{
	return number >= scan->first && number - scan->first < scan->top;
}

static void scan_shard(struct scan *scan, uint32_t shard_index)
{
	scan->shard_index = shard_index;
	scan->first = shard_index * scan->table->records_per_shard + 1;
	scan->top = POISE_LOAD(poise_shard(scan->table, shard_index)->used_top);
	if (scan->top > scan->table->records_per_shard)
		scan->top = scan->table->records_per_shard;
}

// Take the shard's whole free list: the XDP program, which may be at work, finds none meanwhile.
static uint32_t detach_list(struct poise_shard *shard)
{
	for (;;) {
		__u64 head = POISE_LOAD(shard->free_head);

		if (!(uint32_t)head || POISE_CAS(&shard->free_head, head, ((head >> 32) + 1) << 32) == head)
			return (uint32_t)head;
	}
}

// Put the records from `number` on behind the chain and mark them. A list that leads out of the shard or round in a
// circle is cut; what was behind the cut is reclaimed as unfinished.
static void append_list(struct scan *scan, struct chain *chain, uint32_t number)
{
	while (number && in_shard(scan, number) && !bit(scan->free_records, number - scan->first)) {
		set_bit(scan->free_records, number - scan->first);
		if (chain->tail)
			POISE_STORE(chain->tail->poise_free_next, number);
		else
			chain->head = number;
		chain->tail = poise_record(scan->table, number);
		chain->length++;
		number = POISE_LOAD(chain->tail->poise_free_next);
	}
}

static void give_back(struct poise_shard *shard, const struct chain *chain)
{
	while (chain->length) {
		__u64 head = POISE_LOAD(shard->free_head);

		POISE_STORE(chain->tail->poise_free_next, (uint32_t)head);
		if (POISE_CAS(&shard->free_head, head, ((head >> 32) + 1) << 32 | chain->head) == head)
			return;
	}
}

static bool is_unfinished(const struct scan *scan, uint32_t position)
{
	const struct poise_flow *flow = poise_record(scan->table, scan->first + position);

	if (bit(scan->free_records, position))
		return false;
	return POISE_LOAD(flow->sequence) & 1 || POISE_LOAD(flow->state) == POISE_STATE_FREE;
}

// Drop index entries of this shard that name a record which is free, unfinished or not there at all. A full-NAT
// entry may name another shard's record: that is looked at by its sequence.
static void clean_buckets(const struct scan *scan, const uint64_t *reclaim, uint32_t reclaim_first,
			  uint32_t reclaim_count)
{
	const struct poise_table *table = scan->table;
	uint32_t records = POISE_SHARDS * table->records_per_shard;
	uint32_t first = table->bucket_first + scan->shard_index * table->buckets_per_shard;

	for (uint32_t line = 0; line < table->buckets_per_shard; line++) {
		struct poise_bucket *bucket = POISE_TABLE_LINE(table, first + line);

		for (uint32_t i = 0; i < POISE_BUCKET_SLOTS; i++) {
			uint32_t number = POISE_LOAD(bucket->record[i]), position;

			if (!number)
				continue;
			position = number - reclaim_first;
			if (number > records || (position < reclaim_count && bit(reclaim, position)))
				POISE_CAS(&bucket->record[i], number, 0u);
		}
	}
}

// Bring a count that a killed writer left wrong to what was counted. Added and not stored: others go on counting.
static void correct(__u32 *count, uint32_t counted)
{
	POISE_FETCH_ADD(count, counted - POISE_LOAD(*count));
}

static uint32_t reclaim_records(const struct scan *scan)
{
	struct scan other = *scan;
	uint32_t reclaimed = 0;

	for (uint32_t i = 0; i < scan->top; i++)
		reclaimed += bit(scan->candidates, i);
	if (!reclaimed)
		return 0;
	// Overflow marks of these entries stay: they only make a look-up longer.
	for (uint32_t s = 0; s < POISE_SHARDS; s++) {
		other.shard_index = s;
		clean_buckets(&other, scan->candidates, scan->first, scan->top);
	}
	for (uint32_t i = 0; i < scan->top; i++) {
		struct poise_flow *flow = poise_record(scan->table, scan->first + i);

		if (!bit(scan->candidates, i))
			continue;
		POISE_STORE(flow->sequence, flow->sequence | 1);
		if (flow->flags & POISE_FLOW_COUNTED) {
			poise_source_leave(scan->table, flow->client, flow->vip_index);
			flow->flags = 0;
		}
		poise_record_free(scan->table, scan->shard_index, scan->first + i);
	}
	return reclaimed;
}

static bool mark(struct scan *scan)
{
	bool any = false;

	memset(scan->candidates, 0, scan->words * sizeof(*scan->candidates));
	for (uint32_t i = 0; i < scan->top; i++) {
		const struct poise_flow *flow = poise_record(scan->table, scan->first + i);

		scan->noted[i] = POISE_LOAD(flow->sequence);
		if (!is_unfinished(scan, i))
			continue;
		set_bit(scan->candidates, i);
		any = true;
	}
	return any;
}

// Keep the marks of those that have not moved and were not given back either.
static void mark_again(struct scan *scan)
{
	for (uint32_t i = 0; i < scan->top; i++) {
		const struct poise_flow *flow = poise_record(scan->table, scan->first + i);

		if (!is_unfinished(scan, i) || POISE_LOAD(flow->sequence) != scan->noted[i])
			scan->candidates[i / 64] &= ~(1ull << i % 64);
	}
}

// Find and give back what killed writers left in their hands.
static uint32_t recover_records(struct scan *scan)
{
	struct poise_shard *shard = poise_shard(scan->table, scan->shard_index);
	const struct timespec settle = { .tv_nsec = DP_SETTLE_NS };
	struct chain chain = { 0 };
	uint32_t reclaimed = 0;

	memset(scan->free_records, 0, scan->words * sizeof(*scan->free_records));
	append_list(scan, &chain, detach_list(shard));
	if (mark(scan)) {
		nanosleep(&settle, NULL);
		append_list(scan, &chain, detach_list(shard));
		mark_again(scan);
		reclaimed = reclaim_records(scan);
	}
	give_back(shard, &chain);
	correct(&shard->used, scan->top - chain.length - reclaimed);
	return reclaimed;
}

// Count live flows, and drop entries that point outside the table.
static uint32_t count_flows(const struct scan *scan, struct poise_stats_worker *stats)
{
	uint32_t flows = 0, half_open = 0;

	for (uint32_t i = 0; i < scan->top; i++) {
		const struct poise_flow *flow = poise_record(scan->table, scan->first + i);

		if (POISE_LOAD(flow->sequence) & 1 || flow->state == POISE_STATE_FREE)
			continue;
		flows++;
		half_open += (uint32_t)poise_state_half_open((enum poise_flow_state)flow->state);
		stats->backends[flow->backend_index & (POISE_MAX_BACKENDS - 1)].flows_found++;
	}
	correct(&poise_shard(scan->table, scan->shard_index)->half_open, half_open);
	return flows;
}

int dp_recover(const struct poise_table *table, struct poise_stats *page,
	       const uint8_t owners[POISE_SHARDS], struct dp_recovery *recovery)
{
	size_t words = (table->records_per_shard + 63) / 64;
	struct scan scan = { .table = table, .words = words };

	*recovery = (struct dp_recovery){ 0 };
	scan.candidates = calloc(2 * words, sizeof(*scan.candidates));
	scan.noted = calloc(words * 64, sizeof(*scan.noted));
	if (!scan.candidates || !scan.noted) {
		free(scan.candidates);
		free(scan.noted);
		return -ENOMEM;
	}
	scan.free_records = scan.candidates + words;
	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++) {
		scan_shard(&scan, shard);
		recovery->reclaimed += recover_records(&scan);
		clean_buckets(&scan, NULL, 0, 0);
		recovery->flows += count_flows(&scan, &page->worker[owners[shard]]);
	}
	free(scan.candidates);
	free(scan.noted);
	return 0;
}
