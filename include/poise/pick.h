// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Choosing a backend. All policy (health, weight, role, drain) is in the slots already.
#pragma once

#include <poise/snapshot.h>
#include <poise/table.h>

// How the slots of a service are read.
enum poise_pick_by { POISE_PICK_COUNTER, POISE_PICK_HASH };

POISE_INLINE enum poise_pick_by poise_pick_by(__u8 scheduler)
{
	switch (scheduler) {
#define POISE_SCHEDULER(NAME, name, pick, help)                                                    \
	case POISE_SCHEDULER_##NAME:                                                               \
		return POISE_PICK_##pick;
#include <poise/schedulers.def>
#undef POISE_SCHEDULER
	}
	return POISE_PICK_COUNTER;
}

// Of the client's endpoint, the same on every host: a second balancer comes to the same backend.
POISE_INLINE __u32 poise_pick_hash(__be32 address, __be16 port)
{
	__u32 hash = POISE_HOST32(address) * 0x9e3779b1u;

	hash = (hash ^ (hash >> 15) ^ POISE_HOST16(port)) * 0x85ebca77u;
	hash = (hash ^ (hash >> 13)) * 0xc2b2ae3du;
	return hash ^ (hash >> 16);
}

// Next backend of a service: by its shared cursor, then flows go to the slots strictly in turn, over all workers and
// across reloads; or by the client's endpoint. `attempt` counts the looks for one flow. `vip->slot_count` must not be
// 0. Returns a backend index.
POISE_INLINE __u16 poise_pick(const struct poise_snapshot *snapshot, const struct poise_vip *vip,
			      struct poise_cursor *cursor, const struct poise_key *key, __u32 attempt)
{
	__u64 turn;
	__u32 slot;

	if (poise_pick_by(vip->scheduler) == POISE_PICK_HASH)
		turn = (__u64)poise_pick_hash(key->src, key->src_port) + attempt;
	else
		turn = POISE_FETCH_ADD(&cursor->next, 1);
	slot = vip->slot_first + (__u32)(turn % vip->slot_count); // a division per flow, not per packet
	return snapshot->slots[slot & (POISE_MAX_SLOTS - 1)] & (POISE_MAX_BACKENDS - 1);
}
