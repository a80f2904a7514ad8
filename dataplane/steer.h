// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Making a NIC deliver replies of full-NAT flows to the worker that owns them. A reply's destination port names its
// shard (port & 63, decision 0002). The hash of a NIC is Toeplitz: each set bit of the input adds (by exclusive or)
// the 32 bits of the key that begin at its place. With a key of a single bit the low six bits of the hash of an IPv4
// TCP tuple are the low six bits of the destination port in reverse order and nothing else, so the indirection table
// can name the owner's queue. Cold; pure but for what the caller does with the result.
#pragma once

#include <stdint.h>

#include <poise/abi.h>

#define DP_STEER_KEY_BYTES 40u // what IPv4 and TCP read of it; longer keys are filled up with zeros

// Write a key of `bytes` bytes, at least DP_STEER_KEY_BYTES.
void dp_steer_key(uint8_t *key, uint32_t bytes);

// The shard of a packet whose hash under this key is `hash`.
uint32_t dp_steer_shard(uint32_t hash);

// The queue for entry `entry` of an indirection table: one that the owner of the shard polls, when queue q is polled
// by worker q modulo `workers`; of several they take turns. `owners`: worker of each of the POISE_SHARDS shards.
// Without a queue of its own the owner gets its packets by another worker.
uint16_t dp_steer_queue(uint32_t entry, const uint8_t *owners, uint32_t workers, uint32_t queues);
