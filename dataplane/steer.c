// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See steer.h.
#include "steer.h"

#include <string.h>

// Input of the hash: source address (bits 0 to 31), destination address (to 63), source port (to 79), destination
// port (80 to 95). Bit b of it contributes key bits b to b + 31, the last six of them to the low six bits of the hash.
// Bit 121 is among the last six for b = 90 to 95 only: the low six bits of the destination port.
#define DP_STEER_BIT 121u

void dp_steer_key(uint8_t *key, uint32_t bytes)
{
	memset(key, 0, bytes);
	key[DP_STEER_BIT / 8] = (uint8_t)(0x80u >> DP_STEER_BIT % 8);
}

uint32_t dp_steer_shard(uint32_t hash)
{
	uint32_t shard = 0;

	for (uint32_t bit = 0; bit < 6; bit++)
		shard |= (hash >> bit & 1) << (5 - bit);
	return shard;
}

uint16_t dp_steer_queue(uint32_t entry, const uint8_t *owners, uint32_t workers, uint32_t queues)
{
	uint32_t shard = dp_steer_shard(entry), owner = owners[shard], count;

	if (owner >= queues)
		return (uint16_t)(owner % queues);
	count = (queues - owner + workers - 1) / workers; // queues that the owner polls
	return (uint16_t)(owner + shard / workers % count * workers);
}
