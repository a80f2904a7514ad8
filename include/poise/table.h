// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// The flow table: one array of 64-byte lines, so that a BPF array map, a memfd or plain memory can hold
// it and every reference is a line number. Nothing in it is a pointer.
//
//   line 0       struct poise_table_header
//   shards       64 x struct poise_shard: free records, port hint, usage
//   cursors      one line for each VIP: the round-robin cursor
//   gates        which worker serves a queue, 4 lines; then a heartbeat line for each worker
//   trace        packets that somebody watches, trace.h
//   sources      what each source has and does, source_limit.h
//   buckets      per shard, contiguous: 10 signatures and 10 record numbers a line
//   records      per shard, contiguous: struct poise_flow
//
// A flow is indexed by the client endpoint, which is the source of inward and the destination of outward
// packets, so one entry serves both directions of a DNAT flow. A full-NAT flow has a second entry under
// the reply's 4-tuple, in the shard that its SNAT port names.
//
// Writers: the worker that owns the shard. In the fallback several CPUs write; therefore every claim (of a
// record, of a bucket slot) is a compare-and-exchange, and so it is always, since new flows are rare
// beside packets.
#pragma once

#include <poise/flow.h>

struct poise_table_header {
	__u64 magic;
	__u32 abi_version;
	__u32 line_size;
	__u64 seed[2]; // getrandom(2), drawn when the table is made
	__u32 shard_first;
	__u32 cursor_first;
	__u32 bucket_first;
	__u32 record_first;
	__u32 buckets_per_shard;
	__u32 records_per_shard;
	__u32 lines;
	__u32 gate_first;
} POISE_ALIGNED;
POISE_ASSERT(sizeof(struct poise_table_header) == POISE_LINE_SIZE, "line 0");

struct poise_shard {
	__u64 free_head; // record number of the first free record in the low half, change count above
	__u32 used_top;	 // records at and above this were never used
	__u32 used;	 // records in use
	__u32 half_open; // hint for eviction; exact while one worker writes
	__u32 port_hint; // where the next search for a SNAT port starts
	__u32 sweep;	 // next record the expiry sweep looks at
	__u32 evict;	 // next record the eviction looks at
	__u32 probe_worst; // longest probe of an insertion so far
	__u32 reserved[7];
} POISE_ALIGNED;
POISE_ASSERT(sizeof(struct poise_shard) == POISE_LINE_SIZE, "one line a shard");

struct poise_cursor {
	__u64 next; // flows assigned so far
	__u64 reserved[7];
} POISE_ALIGNED;
POISE_ASSERT(sizeof(struct poise_cursor) == POISE_LINE_SIZE, "no false sharing between services");

// Who takes the packets of a queue, so that the XDP program knows whom to give them to and when not to. One byte a
// queue, entry port * POISE_MAX_QUEUES + queue: number of the worker plus one, 0 while none takes packets (gate
// closed). Writer: the dataplane's main lcore. Reader: the XDP program.
struct poise_gate {
	__u8 worker[POISE_LINE_SIZE];
} POISE_ALIGNED;
#define POISE_GATE_LINES (POISE_MAX_PORTS * POISE_MAX_QUEUES / POISE_LINE_SIZE)
POISE_ASSERT(POISE_MAX_PORTS * POISE_MAX_QUEUES % POISE_LINE_SIZE == 0, "whole lines");

// Is the worker there? A late beat means dead, dumping core, stuck or stopped.
struct poise_heartbeat {
	__u64 beat_ns; // CLOCK_MONOTONIC; the worker, once a turn of its loop
	__u64 last_ns; // beats up to this one do not count: a signal that ends or stops it came. poise_signal.bpf.c
	__u32 process; // id in the process's own namespace; the main lcore, before it opens gates
	__u32 reserved[11];
} POISE_ALIGNED;
POISE_ASSERT(sizeof(struct poise_heartbeat) == POISE_LINE_SIZE, "a line a worker");

#define POISE_TRACE_RECORDS 128u // trace.h; a power of two
#define POISE_TRACE_RECORD_LINES 16u
#define POISE_TRACE_LINES (2 + POISE_TRACE_RECORDS * POISE_TRACE_RECORD_LINES)

// What sources have and do, hashed: two rows of cells, source_limit.h. Writers: whoever makes or removes a flow.
struct poise_source_cell {
	__u32 flows;	// of the sources that meet here
	__u32 next_due; // when their next new flow is due if they go on evenly, in 1/1024 ms
};
#define POISE_SOURCE_CELLS 8u // a line
struct poise_source_line {
	struct poise_source_cell cells[POISE_SOURCE_CELLS];
} POISE_ALIGNED;
POISE_ASSERT(sizeof(struct poise_source_line) == POISE_LINE_SIZE, "cells fill lines");
#define POISE_SOURCE_ROWS 2u
#define POISE_SOURCE_ROW_LINES_MOST 12288u // 1.5 MiB in all

#define POISE_BUCKET_SLOTS 10u
#define POISE_PROBE_MAX 16u // buckets looked at before an insertion gives up

struct poise_bucket {
	__u16 signature[POISE_BUCKET_SLOTS];
	__u32 record[POISE_BUCKET_SLOTS]; // 0 is empty: records are numbered from 1
	__u32 overflow; // entries that passed this bucket because it was full
} POISE_ALIGNED;
POISE_ASSERT(sizeof(struct poise_bucket) == POISE_LINE_SIZE, "one line a bucket");

// A process's view. The copies of header fields are constant for the table's life.
struct poise_table {
	__u8 *base; // not used by BPF
	__u64 seed[2];
	__u32 shard_first;
	__u32 cursor_first;
	__u32 gate_first;
	__u32 bucket_first;
	__u32 record_first;
	__u32 buckets_per_shard;
	__u32 records_per_shard;
	__u32 lines;
};

// How a line number becomes an address. BPF defines it before this header as a map look-up that may
// return NULL; in a process it cannot fail.
#ifndef POISE_TABLE_LINE
#define POISE_TABLE_LINE(table, line) ((void *)((table)->base + (size_t)(line)*POISE_LINE_SIZE))
#endif

// Where an endpoint lives.
struct poise_place {
	__u32 shard;
	__u32 bucket;	 // number within the shard
	__u32 home;	 // line of that bucket
	__u16 signature; // never 0
};

// Keyed mix: without the seed nobody can choose endpoints that meet in one bucket. Two rounds of xor,
// multiply, shift (the finalizer family of SplitMix64), the same cost in BPF and C.
POISE_INLINE __u64 poise_mix(const __u64 seed[2], __u64 value)
{
	value = (value ^ seed[0]) * 0xbf58476d1ce4e5b9ull;
	value ^= value >> 29;
	value = (value ^ seed[1]) * 0x94d049bb133111ebull;
	return value ^ (value >> 32);
}

// `where` stands for a point on the line of all buckets, shard after shard: the highest bits are the shard, and one
// multiplication scales it to a bucket.
POISE_INLINE struct poise_place poise_place(const struct poise_table *table, __u64 hash, __u32 where)
{
	__u32 buckets = table->buckets_per_shard * POISE_SHARDS;
	struct poise_place place = {
		.shard = where >> POISE_SHARD_SHIFT,
		.home = table->bucket_first + (__u32)((__u64)where * buckets >> 32),
		.signature = (__u16)(hash >> 8),
	};

	if (!place.signature)
		place.signature = 1;
	place.bucket = place.home - table->bucket_first - place.shard * table->buckets_per_shard;
	return place;
}

// Place of a flow by its client endpoint (network byte order).
POISE_INLINE struct poise_place poise_place_client(const struct poise_table *table, __be32 address,
						   __be16 port)
{
	__u64 hash = poise_mix(table->seed, (__u64)address << 16 | port);

	return poise_place(table, hash, (__u32)(hash >> 32));
}

// Place of a full-NAT flow by its reply: backend -> SNAT endpoint. The port names the shard, so the port
// of a new flow is chosen among those of the owner and replies need no agreement on hashing.
POISE_INLINE struct poise_place poise_place_snat(const struct poise_table *table,
						 const struct poise_key *reply)
{
	__u64 ends = (__u64)reply->dst_port << 16 | reply->src_port;
	__u64 hash = poise_mix(table->seed, (__u64)reply->src << 32 | reply->dst);
	__u32 shard = POISE_HOST16(reply->dst_port) & (POISE_SHARDS - 1);

	hash = poise_mix(table->seed, hash ^ ends << 16);
	return poise_place(table, hash,
			   shard << POISE_SHARD_SHIFT | ((__u32)(hash >> 32) & ((1u << POISE_SHARD_SHIFT) - 1)));
}

// Line of the `probe`-th bucket an endpoint may be in. The step differs from endpoint to endpoint, so full
// buckets do not grow into runs as they do under linear probing (which failed to place 34 of 10 million).
// All steps together are shorter than a shard: it has at least POISE_PROBE_MAX buckets.
POISE_INLINE __u32 poise_bucket_line(const struct poise_table *table, const struct poise_place *place,
				     __u32 probe)
{
	__u64 most = table->buckets_per_shard / POISE_PROBE_MAX;
	__u32 distance;

	if (POISE_LIKELY(!probe))
		return place->home;
	distance = probe * (1 + (__u32)((place->signature * most) >> 16));
	if (place->bucket + distance >= table->buckets_per_shard)
		distance -= table->buckets_per_shard; // wraps below zero, and the sum wraps back
	return place->home + distance;
}

// Which slots of a bucket carry the signature: bit i for slot i. Entries of freed slots may still match;
// their record number is 0.
POISE_INLINE __u32 poise_bucket_match(const struct poise_bucket *bucket, __u16 signature)
{
#ifdef __SSE2__
	typedef short poise_words __attribute__((vector_size(16)));
	typedef short poise_words_anywhere __attribute__((vector_size(16), aligned(2)));
	typedef char poise_bytes __attribute__((vector_size(16)));
	poise_words wanted = (poise_words){ 0 } + (short)signature;
	poise_words first = *(const poise_words *)bucket->signature == wanted;	     // slots 0 to 7
	poise_words last = *(const poise_words_anywhere *)(bucket->signature + 2) == wanted; // slots 2 to 9
	__u32 bits = (__u32)__builtin_ia32_pmovmskb128((poise_bytes)__builtin_ia32_packsswb128(first, last));

	return (bits & 0xff) | (bits >> 6 & 0x300);
#else
	// Four at a time, without branches: BPF's verifier would follow all 1024 outcomes of ten comparisons. In a word
	// of differences each zero lane gets its highest bit, and a product gathers these.
	const __u64 low = 0x7fff7fff7fff7fffull, *words = (const void *)bucket->signature;
	__u64 pattern = signature * 0x0001000100010001ull;
	__u32 mask = 0;

#pragma GCC unroll 3
	for (__u32 i = 0; i < 3; i++) {
		__u64 difference = words[i] ^ pattern;
		__u64 zero = ~(((difference & low) + low) | difference | low);

		mask |= (__u32)((zero >> 15) * 0x0001000200040008ull >> 48 & 15) << (4 * i);
	}
	return mask & 0x3ff; // the last word holds more than signatures
#endif
}

POISE_INLINE struct poise_bucket *poise_bucket(const struct poise_table *table,
					       const struct poise_place *place, __u32 probe)
{
	return POISE_TABLE_LINE(table, poise_bucket_line(table, place, probe));
}

// Record numbers start at 1 and are the same in every process. NULL for 0 only in BPF; callers check 0.
POISE_INLINE struct poise_flow *poise_record(const struct poise_table *table, __u32 number)
{
	return POISE_TABLE_LINE(table, table->record_first + number - 1);
}

POISE_INLINE struct poise_shard *poise_shard(const struct poise_table *table, __u32 shard)
{
	return POISE_TABLE_LINE(table, table->shard_first + (shard & (POISE_SHARDS - 1)));
}

POISE_INLINE struct poise_cursor *poise_cursor(const struct poise_table *table, __u32 index)
{
	return POISE_TABLE_LINE(table, table->cursor_first + (index & (POISE_MAX_VIPS - 1)));
}

POISE_INLINE __u32 poise_source_first(const struct poise_table *table)
{
	return table->gate_first + POISE_GATE_LINES + POISE_MAX_WORKERS + POISE_TRACE_LINES;
}

// Line of the gates that holds a queue's entry, and the entry's place in it.
POISE_INLINE struct poise_gate *poise_gate(const struct poise_table *table, __u32 port, __u32 queue,
					   __u32 *entry)
{
	__u32 index = (port & (POISE_MAX_PORTS - 1)) * POISE_MAX_QUEUES + (queue & (POISE_MAX_QUEUES - 1));

	*entry = index & (POISE_LINE_SIZE - 1);
	return POISE_TABLE_LINE(table, table->gate_first + index / POISE_LINE_SIZE);
}

POISE_INLINE struct poise_heartbeat *poise_heartbeat(const struct poise_table *table, __u32 worker)
{
	return POISE_TABLE_LINE(table,
				table->gate_first + POISE_GATE_LINES + (worker & (POISE_MAX_WORKERS - 1)));
}
