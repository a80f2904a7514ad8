// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The hash of a NIC, in software, puts every full-NAT reply into a queue of the worker that owns its shard.
#include "steer.h"

#include <string.h>

#include "check.h"

// Toeplitz hash as NICs define it, bit by bit: an independent witness of what the key was chosen for.
static uint32_t toeplitz(const uint8_t *key, const uint8_t *input, uint32_t bytes)
{
	uint32_t hash = 0;

	for (uint32_t bit = 0; bit < bytes * 8; bit++) {
		uint32_t window = 0;

		if (!(input[bit / 8] >> (7 - bit % 8) & 1))
			continue;
		for (uint32_t i = 0; i < 32; i++)
			window = window << 1 | (key[(bit + i) / 8] >> (7 - (bit + i) % 8) & 1);
		hash ^= window;
	}
	return hash;
}

// The witness itself: two tuples of Microsoft's "Verifying the RSS Hash Calculation" with the key given there.
static void witness(void)
{
	static const uint8_t key[40] = {
		0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
		0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
		0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
	};
	static const uint8_t first[12] = { 66, 9, 149, 187, 161, 142, 100, 80, 2794 >> 8, 2794 & 255, 1766 >> 8, 1766 & 255 };
	static const uint8_t second[12] = { 199, 92, 111, 2, 65, 69, 140, 83, 14230 >> 8, 14230 & 255, 4739 >> 8, 4739 & 255 };

	CU_ASSERT_EQUAL(toeplitz(key, first, 12), 0x51ccc178);
	CU_ASSERT_EQUAL(toeplitz(key, second, 12), 0xc626b0ea);
}

static void replies_find_their_owner(void)
{
	uint8_t key[52], input[12];
	uint64_t random = 7;
	uint32_t wrong = 0;

	dp_steer_key(key, sizeof(key));
	for (uint32_t port = 0; port < 65536; port++) {
		for (uint32_t i = 0; i < 10; i++)
			input[i] = (uint8_t)check_random(&random);
		input[10] = (uint8_t)(port >> 8);
		input[11] = (uint8_t)port;
		wrong += dp_steer_shard(toeplitz(key, input, 12)) != (port & (POISE_SHARDS - 1));
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

// For every number of workers and queues, and every size of table.
static void queues_belong_to_owners(void)
{
	static const uint32_t sizes[] = { 64, 128, 512 };
	uint8_t owners[POISE_SHARDS], key[40], input[12] = { 10, 0, 0, 1, 10, 0, 0, 2, 0, 80 };
	uint32_t wrong = 0;

	dp_steer_key(key, sizeof(key));
	for (uint32_t workers = 1; workers <= 16; workers++) {
		for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
			owners[shard] = (uint8_t)(shard % workers);
		for (uint32_t queues = 1; queues <= 16; queues++) {
			for (uint32_t port = 1024; port < 2048; port++) {
				uint32_t hash, size = sizes[port % 3], queue;

				input[10] = (uint8_t)(port >> 8);
				input[11] = (uint8_t)port;
				hash = toeplitz(key, input, 12);
				queue = dp_steer_queue(hash % size, owners, workers, queues);
				wrong += queue >= queues;
				if (queues >= workers)
					wrong += queue % workers != owners[port & (POISE_SHARDS - 1)];
			}
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

// With more queues than workers all of them are used.
static void queues_take_turns(void)
{
	uint8_t owners[POISE_SHARDS];
	uint32_t used = 0;

	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		owners[shard] = (uint8_t)(shard % 2);
	for (uint32_t entry = 0; entry < 64; entry++)
		used |= 1u << dp_steer_queue(entry, owners, 2, 8);
	CU_ASSERT_EQUAL(used, 0xff);
}

static const struct check_case cases[] = {
	{ "the witness is right", witness },
	{ "a reply's hash names its shard", replies_find_their_owner },
	{ "the shard's owner polls the queue", queues_belong_to_owners },
	{ "queues take turns", queues_take_turns },
};

CHECK_MAIN("steer", cases)
