// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Choosing a backend. All policy (health, weight, role, drain) is in the slots already.
#pragma once

#include <poise/snapshot.h>
#include <poise/table.h>

// Next backend of a service by its shared cursor: flows go to the slots strictly in turn, over all workers
// and across reloads. `vip->slot_count` must not be 0. Returns a backend index.
POISE_INLINE __u16 poise_pick(const struct poise_snapshot *snapshot, const struct poise_vip *vip,
			      struct poise_cursor *cursor)
{
	__u64 turn = POISE_FETCH_ADD(&cursor->next, 1);
	__u32 slot = vip->slot_first + (__u32)(turn % vip->slot_count); // a division per flow, not per packet

	return snapshot->slots[slot & (POISE_MAX_SLOTS - 1)] & (POISE_MAX_BACKENDS - 1);
}
