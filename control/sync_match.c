// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdint.h>
#include <string.h>

#include "sync_match.h"

static uint32_t home(uint16_t vip, __be32 address, __be16 port)
{
	uint64_t word = ((uint64_t)address << 32 | (uint32_t)port << 16 | vip) * 0x9e3779b97f4a7c15ull;

	return (uint32_t)(word >> 40) & (CP_SYNC_MATCH_SIZE - 1);
}

// An entry that was never used, or belongs to an address that moved on, has no address.
static void enter(struct cp_sync_match *match, const struct poise_backend *backend, uint32_t index)
{
	uint32_t slot = home(backend->vip, backend->address, backend->port);

	if (!backend->address)
		return;
	while (match->slots[slot])
		slot = (slot + 1) & (CP_SYNC_MATCH_SIZE - 1);
	match->slots[slot] = (uint16_t)(index + 1);
}

void cp_sync_match_make(struct cp_sync_match *match, const struct poise_snapshot *snapshot)
{
	if (match->generation == snapshot->generation)
		return;
	memset(match->slots, 0, sizeof(match->slots));
	// Those in service first: one that was removed and came back is found as what it is now.
	for (int removed = 0; removed < 2; removed++)
		for (uint32_t i = 0; i < snapshot->backends_count; i++)
			if (!(snapshot->backends[i].flags & POISE_BACKEND_REMOVED) == !removed)
				enter(match, &snapshot->backends[i], i);
	match->generation = snapshot->generation;
}

uint16_t cp_sync_match_find(const struct cp_sync_match *match, const struct poise_snapshot *snapshot, uint16_t vip,
			    __be32 address, __be16 port)
{
	uint32_t slot = home(vip, address, port);

	for (; match->slots[slot]; slot = (slot + 1) & (CP_SYNC_MATCH_SIZE - 1)) {
		uint16_t index = match->slots[slot] - 1;
		const struct poise_backend *backend = &snapshot->backends[index];

		if (backend->vip == vip && backend->address == address && backend->port == port)
			return index;
	}
	return POISE_NONE16;
}
