// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// All numbers below a limit, each once a period, in an order that looks random: a linear congruence of full
// period below a power of two, mixed by a bijection so that the low bits are no counter, less those that are
// too high.
#pragma once

#include <stdint.h>

struct permutation {
	uint32_t state, mask, shift, limit;
};

// `limit` from 1 to 1 << 31.
static inline void permutation_init(struct permutation *permutation, uint32_t limit, uint32_t seed)
{
	uint32_t bits = 1;

	while ((1ull << bits) < limit)
		bits++;
	permutation->mask = (uint32_t)((1ull << bits) - 1);
	permutation->shift = (bits + 1) / 2;
	permutation->limit = limit;
	permutation->state = seed & permutation->mask;
}

static inline uint32_t permutation_next(struct permutation *permutation)
{
	uint32_t mask = permutation->mask, value;

	do {
		permutation->state = (permutation->state * 1664525u + 1013904223u) & mask;
		value = permutation->state;
		value ^= value >> permutation->shift;
		value = (value * 0x2c1b3c6du) & mask;
		value ^= value >> permutation->shift;
	} while (value >= permutation->limit);
	return value;
}
