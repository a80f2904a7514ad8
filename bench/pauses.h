// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// How long turns of a loop take, or packets: a histogram with buckets of a 32nd of an octave.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PAUSES_SHIFT 5u
#define PAUSES_SUB (1u << PAUSES_SHIFT)
#define PAUSES_BUCKETS (48u * PAUSES_SUB)

struct pauses {
	uint64_t count[PAUSES_BUCKETS];
	uint64_t total;
	uint64_t longest; // in ticks, as all values
};

static inline void pauses_add(struct pauses *pauses, uint64_t ticks)
{
	uint32_t octave = ticks < PAUSES_SUB ? 0 : 63u - PAUSES_SHIFT - (uint32_t)__builtin_clzll(ticks);
	uint32_t bucket =
		ticks < PAUSES_SUB ? (uint32_t)ticks : octave * PAUSES_SUB + (uint32_t)(ticks >> octave);

	if (bucket >= PAUSES_BUCKETS)
		bucket = PAUSES_BUCKETS - 1;
	pauses->count[bucket]++;
	pauses->total++;
	if (ticks > pauses->longest)
		pauses->longest = ticks;
}

static inline void pauses_merge(struct pauses *into, const struct pauses *from)
{
	for (uint32_t bucket = 0; bucket < PAUSES_BUCKETS; bucket++)
		into->count[bucket] += from->count[bucket];
	into->total += from->total;
	if (from->longest > into->longest)
		into->longest = from->longest;
}

// Upper end of a bucket, in ticks.
static inline double pauses_value(uint32_t bucket)
{
	uint32_t octave = bucket / PAUSES_SUB;

	if (bucket < 2 * PAUSES_SUB)
		return bucket;
	return (double)((uint64_t)(bucket % PAUSES_SUB + PAUSES_SUB + 1) << (octave - 1));
}

// Ticks that a share of all (0.99) do not exceed.
static inline double pauses_share(const struct pauses *pauses, double share)
{
	uint64_t wanted = (uint64_t)((double)pauses->total * share), seen = 0;

	for (uint32_t bucket = 0; bucket < PAUSES_BUCKETS; bucket++) {
		seen += pauses->count[bucket];
		if (seen > wanted)
			return pauses_value(bucket);
	}
	return (double)pauses->longest;
}

// As members of a JSON object, in ns.
static inline void pauses_print(const struct pauses *pauses, double ticks_per_ns)
{
	printf("\"count\": %llu, \"p50_ns\": %.0f, \"p99_ns\": %.0f, \"p999_ns\": %.0f, \"p9999_ns\": %.0f, "
	       "\"longest_ns\": %.0f",
	       (unsigned long long)pauses->total, pauses_share(pauses, 0.5) / ticks_per_ns,
	       pauses_share(pauses, 0.99) / ticks_per_ns, pauses_share(pauses, 0.999) / ticks_per_ns,
	       pauses_share(pauses, 0.9999) / ticks_per_ns, (double)pauses->longest / ticks_per_ns);
}
