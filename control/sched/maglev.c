// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Maglev hashing (Eisenbud et al., NSDI '16, section 3.4): every backend has a permutation of the slots of its own,
// and they take turns in claiming the next free slot of theirs. So each gets its share, and when one goes, few slots
// but its own change hands.
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sched.h"

struct walk {
	uint32_t offset;
	uint32_t skip;
	uint32_t next; // place in the permutation
	uint32_t credit; // weight that was not spent yet
};

uint32_t cp_sched_maglev_size(uint32_t configured)
{
	static const uint32_t primes[] = { 251, 509, 1021, 2039, 4093, 8191, 16381, 32749 };

	for (size_t i = 0; i < POISE_COUNT(primes); i++)
		if (primes[i] >= 100 * (uint64_t)configured)
			return primes[i];
	return 65521;
}

static uint64_t mix(uint64_t value)
{
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
	return value ^ (value >> 31);
}

static uint32_t heaviest(const struct cp_sched_service *service)
{
	uint32_t most = 1;

	for (uint32_t i = 0; i < service->count; i++)
		if (service->backends[i].weight > most)
			most = service->backends[i].weight;
	return most;
}

// The next slot of the permutation that nobody has.
static uint32_t claim(struct walk *walk, const bool *taken, uint32_t size)
{
	uint32_t slot;

	do
		slot = (uint32_t)((walk->offset + (uint64_t)walk->next++ * walk->skip) % size);
	while (taken[slot]);
	return slot;
}

// A backend of half the weight takes every second turn.
static void populate(const struct cp_sched_service *service, struct walk *walks, bool *taken, uint32_t size,
		     uint16_t *slots)
{
	uint32_t most = heaviest(service), filled = 0;

	for (;;) {
		for (uint32_t i = 0; i < service->count; i++) {
			uint32_t slot;

			walks[i].credit += service->backends[i].weight;
			if (walks[i].credit < most)
				continue;
			walks[i].credit -= most;
			slot = claim(&walks[i], taken, size);
			taken[slot] = true;
			slots[slot] = service->backends[i].index;
			if (++filled == size)
				return;
		}
	}
}

int cp_sched_maglev(const struct cp_sched_service *service, uint16_t *slots, uint32_t room)
{
	uint32_t size = cp_sched_maglev_size(service->configured);
	struct walk *walks;
	bool *taken;

	if (size > room)
		return -ENOSPC;
	walks = calloc(service->count, sizeof(*walks));
	taken = calloc(size, sizeof(*taken));
	for (uint32_t i = 0; walks && taken && i < service->count; i++) {
		uint64_t key = service->backends[i].key;

		walks[i].offset = (uint32_t)(mix(key + 0x9e3779b97f4a7c15ull) % size);
		walks[i].skip = (uint32_t)(mix(key + 0x3c6ef372fe94f82aull) % (size - 1)) + 1;
	}
	if (walks && taken)
		populate(service, walks, taken, size, slots);
	else
		size = 0;
	free(walks);
	free(taken);
	return size ? (int)size : -ENOMEM;
}
