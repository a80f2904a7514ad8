// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Where flows go: even over shards and buckets, different for every seed, the same from both directions.
#include <math.h>

#include <poise/table_setup.h>

#include "check.h"

static struct poise_table make(uint64_t first, uint64_t second, uint32_t flows)
{
	struct poise_table table = {.seed = {first, second}};

	poise_table_layout(&table, flows);
	return table;
}

static void places_are_valid(void)
{
	struct poise_table table = make(1, 2, 100000);
	uint64_t state = 8;
	unsigned int bad = 0;

	for (unsigned int round = 0; round < 1000000; round++) {
		uint64_t bits = check_random(&state);
		struct poise_key reply = {.src = (__be32)bits,
					  .dst = (__be32)(bits >> 32),
					  .src_port = (__be16)(bits >> 7),
					  .dst_port = (__be16)(bits >> 23)};
		struct poise_place place = poise_place_client(&table, (__be32)bits, (__be16)(bits >> 32));
		struct poise_place other = poise_place_snat(&table, &reply);

		bad += place.shard >= POISE_SHARDS || place.bucket >= table.buckets_per_shard ||
		       !place.signature;
		bad += other.shard != (POISE_HOST16(reply.dst_port) & (POISE_SHARDS - 1)) ||
		       other.bucket >= table.buckets_per_shard || !other.signature;
	}
	CU_ASSERT_EQUAL(bad, 0);
}

// Chi-squared over `cells` cells, as the number of standard deviations away from what chance gives.
static double deviations(const unsigned int *counts, unsigned int cells, unsigned int total)
{
	double mean = (double)total / cells, sum = 0;

	for (unsigned int i = 0; i < cells; i++)
		sum += (counts[i] - mean) * (counts[i] - mean) / mean;
	return (sum - (cells - 1)) / sqrt(2.0 * (cells - 1));
}

// The clients that are met in practice: consecutive addresses, consecutive ports.
static void even_for_real_clients(void)
{
	struct poise_table table = make(0x1f2e3d4c5b6a7988ull, 0x8877665544332211ull, 65536);
	unsigned int shards[POISE_SHARDS], total, *buckets;

	buckets = check_memory((size_t)table.buckets_per_shard * sizeof(*buckets));
	for (unsigned int pattern = 0; pattern < 3; pattern++) {
		memset(shards, 0, sizeof(shards));
		memset(buckets, 0, table.buckets_per_shard * sizeof(*buckets));
		for (total = 0; total < 60000; total++) {
			uint32_t address = 0x0a000001u + (pattern == 0	 ? 0
							  : pattern == 1 ? total
									 : total / 64);
			uint16_t port = (uint16_t)(1024 + (pattern == 0	  ? total
							   : pattern == 1 ? 0
									  : total % 64));
			struct poise_place place =
				poise_place_client(&table, POISE_BE32(address), POISE_BE16(port));

			shards[place.shard]++;
			buckets[place.bucket]++;
		}
		CU_ASSERT(fabs(deviations(shards, POISE_SHARDS, total)) < 5);
		CU_ASSERT(fabs(deviations(buckets, table.buckets_per_shard, total)) < 5);
	}
	free(buckets);
}

// One changed bit of the endpoint changes half of the hash's bits, and so does one of the seed.
static void avalanche(void)
{
	uint64_t state = 21;
	double flips = 0, seed_flips = 0;
	unsigned int samples = 20000;

	for (unsigned int round = 0; round < samples; round++) {
		__u64 seed[2] = {check_random(&state), check_random(&state)};
		uint64_t value = check_random(&state) & 0xffffffffffffull;
		uint64_t hash = poise_mix(seed, value);

		flips += __builtin_popcountll(hash ^ poise_mix(seed, value ^ 1ull << (round % 48)));
		seed[round & 1] ^= 1ull << (round % 64);
		seed_flips += __builtin_popcountll(hash ^ poise_mix(seed, value));
	}
	CU_ASSERT(flips / samples > 22 && flips / samples < 42);
	CU_ASSERT(seed_flips / samples > 22 && seed_flips / samples < 42);
}

// T2: endpoints that meet in one bucket under one seed are spread by another one.
static void collisions_do_not_carry_over(void)
{
	struct poise_table known = make(0, 0, 65536),
			   real = make(0xdeadbeefcafef00dull, 0x0123456789abcdefull, 65536);
	struct poise_place target = poise_place_client(&known, POISE_BE32(0x0a000001), POISE_BE16(1024));
	unsigned int found = 0, worst = 0, *seen;

	seen = check_memory((size_t)POISE_SHARDS * real.buckets_per_shard * sizeof(*seen));
	for (uint64_t try = 0; found < 400 && try < 80000000; try++) {
		__be32 address = POISE_BE32(0x0b000000 + (uint32_t)(try >> 16));
		__be16 port = POISE_BE16((uint32_t)try);
		struct poise_place place = poise_place_client(&known, address, port);
		unsigned int *cell;

		if (place.shard != target.shard || place.bucket != target.bucket)
			continue;
		place = poise_place_client(&real, address, port);
		cell = &seen[place.shard * real.buckets_per_shard + place.bucket];
		found++;
		if (++*cell > worst)
			worst = *cell;
	}
	CU_ASSERT_EQUAL(found, 400);
	CU_ASSERT(worst <= 4);
	free(seen);
}

// A reply finds its shard by the port alone: all ports of a shard are equal modulo 64.
static void snat_port_names_the_shard(void)
{
	struct poise_table table = make(3, 4, 1000);

	for (uint32_t port = 1; port < 65536; port += 13) {
		struct poise_key reply = {.src = POISE_BE32(0x0a0a000b),
					  .dst = POISE_BE32(0x0a0a0001),
					  .src_port = POISE_BE16(8443),
					  .dst_port = POISE_BE16(port)};

		CU_ASSERT_EQUAL(poise_place_snat(&table, &reply).shard, port % 64);
	}
}

static void snat_hash_uses_all_of_the_tuple(void)
{
	struct poise_table table = make(5, 6, 1 << 20);
	struct poise_key reply = {.src = POISE_BE32(0x0a0a000b),
				  .dst = POISE_BE32(0x0a0a0001),
				  .src_port = POISE_BE16(8443),
				  .dst_port = POISE_BE16(2048)};
	struct poise_place home = poise_place_snat(&table, &reply);
	unsigned int same = 0;

	for (unsigned int bit = 0; bit < sizeof(reply) * 8; bit++) {
		struct poise_key key = reply;
		struct poise_place place;

		((uint8_t *)&key)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		place = poise_place_snat(&table, &key);
		same += place.bucket == home.bucket && place.signature == home.signature;
	}
	CU_ASSERT_EQUAL(same, 0);
}

static const struct check_case cases[] = {
	{"places are valid", places_are_valid},
	{"even for real clients", even_for_real_clients},
	{"avalanche", avalanche},
	{"collisions do not carry over to another seed", collisions_do_not_carry_over},
	{"the SNAT port names the shard", snat_port_names_the_shard},
	{"the SNAT hash uses all of the tuple", snat_hash_uses_all_of_the_tuple},
};

CHECK_MAIN("key", cases)
