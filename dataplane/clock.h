// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// CLOCK_MONOTONIC from the TSC: one TSC read a burst, no system call. The main lcore measures the offset
// anew from time to time, so last_seen_ms means the same here, in poised and in the XDP program.
// Pure: TSC and time are arguments.
#pragma once

#include <stdint.h>

#include <poise/base.h>

// ns = base + (tsc - tsc base) * scale / 2^32
struct dp_clock_base {
	uint64_t tsc;
	uint64_t ns;
	uint64_t scale;
};

struct dp_clock {
	uint32_t sequence; // odd while the base changes. main: w(release)  worker: r(acquire)
	struct dp_clock_base base;
	struct dp_clock_base first; // main only: the rate is measured from here
};

// A worker's copy of the base, so that it never waits for the main lcore.
struct dp_time {
	struct dp_clock_base base;
	uint64_t last_ns; // time never goes back
	uint32_t sequence;
};

#define DP_NS_PER_MS 1000000u
#define DP_NS_PER_SECOND 1000000000ull

// `hz`: ticks a second as far as known. Main lcore, before the workers start.
static inline void dp_clock_init(struct dp_clock *clock, uint64_t hz, uint64_t tsc, uint64_t ns)
{
	clock->sequence = 0;
	clock->base.tsc = tsc;
	clock->base.ns = ns;
	clock->base.scale = (uint64_t)(((__uint128_t)DP_NS_PER_SECOND << 32) / hz);
	clock->first = clock->base;
}

// Take (tsc, ns), read together, as the new base. Main lcore.
static inline void dp_clock_sync(struct dp_clock *clock, uint64_t tsc, uint64_t ns)
{
	uint64_t ticks = tsc - clock->first.tsc, elapsed = ns - clock->first.ns;
	uint64_t scale = clock->base.scale;

	// Over a second and more the rate itself is known better than from the calibration at start.
	if (tsc > clock->first.tsc && elapsed > DP_NS_PER_SECOND)
		scale = (uint64_t)(((__uint128_t)elapsed << 32) / ticks);
	POISE_STORE(clock->sequence, clock->sequence + 1);
	POISE_BARRIER();
	clock->base.tsc = tsc;
	clock->base.ns = ns;
	clock->base.scale = scale;
	POISE_STORE_RELEASE(clock->sequence, clock->sequence + 1);
}

// CLOCK_MONOTONIC in ns at `tsc`. When the base is just being changed the old copy does.
static inline uint64_t dp_time_ns(struct dp_time *time, const struct dp_clock *clock, uint64_t tsc)
{
	uint32_t sequence = POISE_LOAD_ACQUIRE(clock->sequence);
	uint64_t ns;

	if (POISE_UNLIKELY(sequence != time->sequence || !time->base.scale) && !(sequence & 1)) {
		struct dp_clock_base base = {
			.tsc = POISE_LOAD(clock->base.tsc),
			.ns = POISE_LOAD(clock->base.ns),
			.scale = POISE_LOAD(clock->base.scale),
		};

		POISE_BARRIER();
		if (POISE_LOAD(clock->sequence) == sequence) {
			time->base = base;
			time->sequence = sequence;
		}
	}
	ns = time->base.ns;
	if (tsc > time->base.tsc)
		ns += (uint64_t)(((__uint128_t)(tsc - time->base.tsc) * time->base.scale) >> 32);
	if (ns < time->last_ns)
		ns = time->last_ns;
	time->last_ns = ns;
	return ns;
}
