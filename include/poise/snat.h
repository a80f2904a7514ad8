// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// The search for a source port of a full-NAT flow.
#pragma once

#include <poise/table_ops.h>

// Is there no flow yet that has this reply?
POISE_PART int poise_snat_free(const struct poise_table *table, const struct poise_key *reply)
{
	struct poise_place place;

	if (!table || !reply) // for the verifier
		return 0;
	place = poise_place_snat(table, reply);
	return !poise_table_find(table, &place, reply, POISE_OUTWARD);
}

struct poise_snat_search {
	__u32 tries;  // ports left to try
	__u32 probes; // ports tried
};

// Search a free port of one shard for the reply tuple. Ports of shard s are those equal to s modulo 64, so
// that a reply names its shard. Returns 1 with reply->dst_port set.
POISE_PART int poise_snat_search(const struct poise_table *table, const struct poise_snat *snat,
				 __u32 shard_index, struct poise_key *reply, struct poise_snat_search *search)
{
	struct poise_shard *shard;
	__u32 first, count, start;

	if (!table || !snat || !reply || !search) // for the verifier
		return 0;
	shard = poise_shard(table, shard_index);
	first = snat->first_port + ((shard_index - snat->first_port) & (POISE_SHARDS - 1));
	if (!shard || first > snat->last_port)
		return 0;
	count = (snat->last_port - first) / POISE_SHARDS + 1;
	// Each search starts at a port of its own, so that several writers do not take the same one.
	start = POISE_FETCH_ADD(&shard->port_hint, 1) % count;
	for (__u32 i = 0; i < POISE_SHARDS * 16; i++) { // 65536 ports are 1024 a shard
		__u32 position = start + i;

		if (i >= count || !search->tries)
			break;
		if (position >= count)
			position -= count;
		reply->dst_port = POISE_BE16(first + position * POISE_SHARDS);
		search->tries--;
		search->probes++;
		if (!poise_snat_free(table, reply))
			continue;
		if (i)
			POISE_FETCH_ADD(&shard->port_hint, i);
		return 1;
	}
	return 0;
}

// Search all SNAT addresses of a port, each in the shards of the mask, beginning at `shard_index`. Returns 1 with
// reply->dst and reply->dst_port set.
POISE_INLINE int poise_snat_among(const struct poise_table *table, const struct poise_snapshot *snapshot,
				  __u16 port_index, __u32 shard_index, __u64 shards, struct poise_key *reply,
				  struct poise_snat_search *search)
{
	const struct poise_port *port = &snapshot->ports[port_index & (POISE_MAX_PORTS - 1)];
	int found = 0;

	for (__u32 address = 0; address < POISE_MAX_SNAT && !found; address++) {
		const struct poise_snat *snat;

		if (address >= port->snat_count || !search->tries)
			break;
		snat = &snapshot->snat[(port->snat_first + address) & (POISE_MAX_SNAT - 1)];
		reply->dst = snat->address;
		for (__u32 step = 0; step < POISE_SHARDS && !found && search->tries; step++) {
			__u32 candidate = (shard_index + step) & (POISE_SHARDS - 1);

			if (shards >> candidate & 1)
				found = poise_snat_search(table, snat, candidate, reply, search);
		}
	}
	return found;
}
