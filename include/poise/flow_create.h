// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Making a flow from a SYN: the only place where DNAT and full NAT differ.
#pragma once

#include <poise/nat.h>
#include <poise/pick.h>
#include <poise/table_ops.h>

struct poise_create {
	const struct poise_snapshot *snapshot;
	const struct poise_packet *packet;
	const __u8 *source_mac; // of the SYN's frame, 6 bytes
	__u64 shards;		// bit n: shard n belongs to the caller, SNAT ports may come from it
	__u32 snat_tries;	// ports to try at most; 0: all of the caller's
	__u32 now_ms;
	__u16 vip_index;
	__u8 port_index; // the SYN came in by
	__u16 backend_index; // out
	__u32 snat_probes;   // out: ports tried
};

// Search a free port of one shard for the reply tuple. Ports of shard s are those equal to s modulo 64, so
// that a reply names its shard. Returns 1 with reply->dst_port set.
POISE_INLINE int poise_snat_search(const struct poise_table *table, const struct poise_snat *snat,
				   __u32 shard_index, struct poise_key *reply, __u32 tries,
				   __u32 *probes)
{
	struct poise_shard *shard = poise_shard(table, shard_index);
	__u32 first = snat->first_port +
		      ((shard_index - snat->first_port) & (POISE_SHARDS - 1));
	__u32 count, position;

	if (!shard || first > snat->last_port)
		return 0;
	count = (snat->last_port - first) / POISE_SHARDS + 1;
	position = POISE_LOAD(shard->port_hint);
	if (position >= count)
		position = 0;
	for (__u32 i = 0; i < POISE_SHARDS * 16; i++) { // 65536 ports are 1024 a shard
		struct poise_place place;

		if (i >= count || i >= tries)
			break;
		reply->dst_port = POISE_BE16(first + position * POISE_SHARDS);
		if (++position >= count)
			position = 0;
		++*probes;
		place = poise_place_snat(table, reply);
		if (!poise_table_find(table, &place, reply, POISE_OUTWARD)) {
			POISE_STORE(shard->port_hint, position);
			return 1;
		}
	}
	return 0;
}

// A SNAT endpoint for a flow toward a backend: the own shard's ports first, then those of the caller's
// other shards, then the port's next SNAT address, so the whole range is used before the first refusal.
POISE_INLINE int poise_snat_choose(const struct poise_table *table, struct poise_create *create,
				   __u32 shard_index, __u16 port_index, struct poise_key *reply)
{
	const struct poise_snapshot *snapshot = create->snapshot;
	const struct poise_port *port = &snapshot->ports[port_index & (POISE_MAX_PORTS - 1)];
	__u32 tries = create->snat_tries ? create->snat_tries : 65536;

	for (__u32 address = 0; address < POISE_MAX_SNAT; address++) {
		const struct poise_snat *snat;

		if (address >= port->snat_count)
			break;
		snat = &snapshot->snat[(port->snat_first + address) & (POISE_MAX_SNAT - 1)];
		reply->dst = snat->address;
		for (__u32 step = 0; step < POISE_SHARDS; step++) {
			__u32 candidate = (shard_index + step) & (POISE_SHARDS - 1);

			if (!(create->shards >> candidate & 1))
				continue;
			if (poise_snat_search(table, snat, candidate, reply, tries, &create->snat_probes))
				return 1;
			if (create->snat_tries && create->snat_probes >= create->snat_tries)
				return 0;
		}
	}
	return 0;
}

POISE_INLINE void poise_flow_fill(struct poise_flow *flow, const struct poise_create *create,
				  const struct poise_backend *backend)
{
	const struct poise_snapshot *snapshot = create->snapshot;
	const struct poise_packet *packet = create->packet;
	const struct poise_route *route = poise_route_find(snapshot, packet->key.src);

	flow->last_seen_ms = create->now_ms;
	flow->client = packet->key.src;
	flow->client_port = packet->key.src_port;
	flow->vip = packet->key.dst;
	flow->vip_port = packet->key.dst_port;
	flow->backend = backend->address;
	flow->backend_port = backend->port;
	flow->snat = flow->client;
	flow->snat_port = flow->client_port;
	flow->state = POISE_STATE_SYN_SENT;
	flow->flags = 0;
	flow->vip_index = create->vip_index;
	flow->backend_index = create->backend_index;
	flow->client_egress = route ? route->egress : POISE_NONE16;
	flow->ack[POISE_INWARD] = 0;
	flow->ack[POISE_OUTWARD] = 0;
	flow->client_interface = create->port_index;
	POISE_COPY(flow->client_mac, create->source_mac, 6);
}

// Full NAT: choose the SNAT endpoint and enter the reply tuple.
POISE_INLINE enum poise_verdict poise_flow_add_snat(const struct poise_table *table,
						    struct poise_create *create,
						    const struct poise_backend *backend,
						    struct poise_flow *flow, __u32 number)
{
	struct poise_key reply = { .src = backend->address, .src_port = backend->port };
	__u16 egress = backend->egress & (POISE_MAX_EGRESS - 1);
	struct poise_place place;

	if (!poise_snat_choose(table, create, flow->shard, create->snapshot->egress[egress].port, &reply))
		return POISE_SNAT_EXHAUSTED;
	flow->snat = reply.dst;
	flow->snat_port = reply.dst_port;
	flow->flags = POISE_FLOW_FULL_NAT;
	place = poise_place_snat(table, &reply);
	return poise_table_insert(table, &place, number) ? POISE_TABLE_FULL : POISE_FORWARDED;
}

// Make a flow for the SYN in create->packet, whose client endpoint lives at *place. On POISE_FORWARDED
// *number is its record, published. Otherwise nothing remains: POISE_NO_BACKEND, POISE_TABLE_FULL (the
// caller may evict and try again), POISE_SNAT_EXHAUSTED. Owner of the shard.
POISE_INLINE enum poise_verdict poise_flow_create(const struct poise_table *table,
						  struct poise_create *create,
						  const struct poise_place *place, __u32 *number)
{
	const struct poise_snapshot *snapshot = create->snapshot;
	const struct poise_vip *vip = &snapshot->vips[create->vip_index & (POISE_MAX_VIPS - 1)];
	struct poise_cursor *cursor = poise_cursor(table, vip->cursor);
	const struct poise_backend *backend;
	enum poise_verdict verdict = POISE_FORWARDED;
	struct poise_flow *flow;

	create->snat_probes = 0;
	if (!vip->slot_count || !cursor)
		return POISE_NO_BACKEND;
	*number = poise_record_allocate(table, place->shard);
	if (!*number)
		return POISE_TABLE_FULL;
	flow = poise_record(table, *number);
	if (!flow)
		return POISE_TABLE_FULL;
	if (poise_table_insert(table, place, *number)) {
		poise_record_free(table, place->shard, *number);
		return POISE_TABLE_FULL;
	}
	// The turn is taken when nothing but SNAT can fail any more: refused flows do not bend the order.
	create->backend_index = poise_pick(snapshot, vip, cursor);
	backend = &snapshot->backends[create->backend_index];
	poise_flow_fill(flow, create, backend);
	flow->shard = (__u8)place->shard;
	if (vip->nat == POISE_NAT_FULL)
		verdict = poise_flow_add_snat(table, create, backend, flow, *number);
	if (verdict != POISE_FORWARDED) {
		poise_table_remove(table, place, *number);
		poise_record_free(table, place->shard, *number);
		return verdict;
	}
	poise_flow_differences(flow);
	poise_record_publish(flow);
	poise_half_open_add(table, place->shard, 1);
	return POISE_FORWARDED;
}
