// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Is an endpoint a service's? What every packet asks, since it tells the direction. One multiplication, one load and
// no branch that follows the direction of traffic, which comes mixed and cannot be predicted. The table holds the
// endpoints themselves and is no larger than it need be, so that it stays in the first cache beside the packets.
//
// An entry: the address in the low 32 bits, the port above it, both in network byte order.
#pragma once

#include <poise/snapshot.h>

#define POISE_GLANCE_EMPTY (1ull << 48)	 // no endpoint looks like this
#define POISE_GLANCE_SHARED (1ull << 63) // several services live here: only poise_vip_find() knows
#define POISE_GLANCE_SPREAD 64u		 // entries a service, as long as there is room
#define POISE_GLANCE_LEAST 64u

POISE_INLINE __u64 poise_glance_key(__be32 address, __be16 port)
{
	return (__u64)port << 32 | address;
}

POISE_INLINE __u32 poise_glance_home(__u32 mask, __u64 key)
{
	return (__u32)(key * 0x9e3779b97f4a7c15ull >> 52) & mask & (POISE_GLANCE_SIZE - 1);
}

// Is (address, port) a service's? Returns 1 or 0, or -1 when only poise_vip_find() knows. Any thread.
POISE_INLINE int poise_glance(const struct poise_snapshot *snapshot, __be32 address, __be16 port)
{
	__u64 key = poise_glance_key(address, port);
	__u64 entry = snapshot->glance[poise_glance_home(snapshot->glance_mask, key)];

	if (POISE_UNLIKELY((__s64)entry < 0))
		return -1;
	return (entry ^ key) << 15 == 0; // without the bits above that of an empty entry
}

// An empty table, for `services` of them. The snapshot's only writer.
POISE_INLINE void poise_glance_begin(struct poise_snapshot *snapshot, __u32 services)
{
	__u32 size = POISE_GLANCE_LEAST;

	while (size < POISE_GLANCE_SIZE && size < services * POISE_GLANCE_SPREAD)
		size *= 2;
	snapshot->glance_mask = size - 1;
	for (__u32 i = 0; i < POISE_GLANCE_SIZE; i++)
		snapshot->glance[i] = POISE_GLANCE_EMPTY;
}

// Enter a service that poise_vip_find() finds. The snapshot's only writer.
POISE_INLINE void poise_glance_enter(struct poise_snapshot *snapshot, __be32 address, __be16 port)
{
	__u64 key = poise_glance_key(address, port);
	__u64 *entry = &snapshot->glance[poise_glance_home(snapshot->glance_mask, key)];

	if (*entry == POISE_GLANCE_EMPTY)
		*entry = key;
	else if ((*entry ^ key) << 15)
		*entry |= POISE_GLANCE_SHARED;
}

// Does the table say what poise_vip_find() says? For whoever is given a snapshot: a packet of the wrong direction
// would be looked for in another worker's shard. Returns 1 or 0. Any thread.
POISE_INLINE int poise_glance_sound(const struct poise_snapshot *snapshot)
{
	__u32 mask = snapshot->glance_mask;

	if (mask >= POISE_GLANCE_SIZE || mask & (mask + 1))
		return 0;
	for (__u32 i = 0; i <= mask; i++) {
		__u64 entry = snapshot->glance[i];
		__be16 port = (__be16)(entry >> 32);

		if (entry == POISE_GLANCE_EMPTY || entry & POISE_GLANCE_SHARED)
			continue;
		if (entry & POISE_GLANCE_EMPTY || poise_glance_home(mask, entry) != i || !port ||
		    poise_vip_find(snapshot, (__be32)entry, port) == POISE_NONE16)
			return 0;
	}
	for (__u32 i = 0; i < POISE_VIP_HASH_SIZE; i++) {
		const struct poise_vip *vip;

		if (!snapshot->vip_hash[i])
			continue;
		vip = &snapshot->vips[(snapshot->vip_hash[i] - 1u) & (POISE_MAX_VIPS - 1)];
		if (!poise_glance(snapshot, vip->address, vip->port))
			return 0;
	}
	return 1;
}
