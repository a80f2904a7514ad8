// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Making a flow from a SYN: the only place where DNAT and full NAT differ.
#pragma once

#include <poise/handshake.h>
#include <poise/nat.h>
#include <poise/pick.h>
#include <poise/snat.h>

struct poise_create {
	const struct poise_snapshot *snapshot;
	const struct poise_packet *packet;
	const __u8 *source_mac; // of the SYN's frame, 6 bytes
	__u64 shards;		// bit n: SNAT ports of shard n are the caller's, they come first
	__u32 snat_tries;	// ports to try at most among its own, and among the others'; 0: all
	__u32 snat_own_tries;	// the same for its own, before it looks at the others' for the first time
	__u32 now_ms, now_us;	// now_us: handshake.h
	__u16 vip_index;
	__u8 port_index; // the SYN came in by
	__u8 same_turn; // in: a second try, for the backend that the first one got
	__u8 joined;	 // out: another writer was quicker, the flow is his
	__u8 snat_borrowed; // out: the SNAT port is of a shard that is not the caller's
	__u8 snat_lost;	    // out: another writer took the port meanwhile, there may be others
	__u16 backend_index; // out
	__u32 snat_probes;   // out: ports tried
	__u32 sequence;	     // out: of the flow's record
};

// A SNAT endpoint for a flow toward a backend: the own shard's ports first, then those of the caller's other shards,
// then those of other workers, whose replies go to them, so the whole range is used before the first refusal.
POISE_INLINE int poise_snat_choose(const struct poise_table *table, struct poise_create *create,
				   __u32 shard_index, __u16 port_index, struct poise_key *reply)
{
	const struct poise_snapshot *snapshot = create->snapshot;
	__u32 most = create->snat_tries ? create->snat_tries : ~0u;
	int brief = create->snat_own_tries && create->snat_own_tries < most;
	struct poise_snat_search search = { .tries = brief ? create->snat_own_tries : most };
	int found = poise_snat_among(table, snapshot, port_index, shard_index, create->shards, reply, &search);

	if (!found && ~create->shards) {
		search.tries = most;
		found = poise_snat_among(table, snapshot, port_index, shard_index, ~create->shards, reply, &search);
		create->snat_borrowed = (__u8)found;
		search.tries = most;
		if (!found && brief) // there may be one all the same
			found = poise_snat_among(table, snapshot, port_index, shard_index, create->shards, reply,
						 &search);
	}
	create->snat_probes += search.probes;
	return found;
}

POISE_INLINE void poise_flow_fill(struct poise_flow *flow, const struct poise_create *create,
				  const struct poise_backend *backend)
{
	const struct poise_packet *packet = create->packet;

	POISE_STORE(flow->last_seen_ms, create->now_ms);
	POISE_STORE(flow->client, packet->key.src); // a slow writer may still look for the next free record here
	flow->client_port = packet->key.src_port;
	flow->vip = packet->key.dst;
	flow->vip_port = packet->key.dst_port;
	flow->backend = backend->address;
	flow->backend_port = backend->port;
	flow->snat = flow->client;
	flow->snat_port = flow->client_port;
	flow->flags = 0;
	flow->vip_index = create->vip_index;
	flow->backend_index = create->backend_index;
	flow->client_egress = poise_route_egress(create->snapshot, packet->key.src);
	poise_handshake_begin(flow, create->now_us);
	POISE_STORE(flow->ack[POISE_OUTWARD], 0);
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

// Two flows of the same tuple: does `number`, in `state`, yield to the other one? One that a backend has answered
// wins, else the lower number, so both writers come to the same end. The winner removes the loser, which may
// have looked too early to see that it has lost.
POISE_INLINE int poise_flow_yields(__u32 number, enum poise_flow_state state, __u32 other,
				   enum poise_flow_state other_state)
{
	int answered = state > POISE_STATE_SYN_SENT, other_answered = other_state > POISE_STATE_SYN_SENT;

	if (answered != other_answered)
		return other_answered;
	return other < number;
}

// Look again after publishing `*found`: did another writer make a flow of the same tuple meanwhile? Returns 1 when
// it did and its flow stays, which then is *found, and 0 when ours stays. Each of two writers publishes with a full
// barrier and looks afterwards, so at least one of them sees both.
POISE_PART int poise_flow_beaten(const struct poise_table *table, const struct poise_place *place,
				 const struct poise_key *key, __u32 direction, struct poise_found *found)
{
	struct poise_found own;

	if (!table || !place || !key || !found)
		return 0;
	own = *found;
	for (int attempt = 0; attempt < 4; attempt++) {
		struct poise_flow *other, *mine;
		enum poise_flow_state state;

		found->number = own.number;
		if (!poise_table_look(table, place, key, direction, found))
			return 0;
		other = poise_record(table, found->number);
		mine = poise_record(table, own.number);
		if (!other || !mine)
			return 0;
		state = (enum poise_flow_state)POISE_LOAD(mine->state);
		if (!poise_flow_is(mine, own.sequence)) // removed by the winner
			return 1;
		if (poise_flow_yields(own.number, state, found->number,
				      (enum poise_flow_state)POISE_LOAD(other->state)))
			return 1;
		poise_flow_remove_if(table, other, found->number, found->sequence);
	}
	return 0;
}

// DNAT keeps the client's port, and a client may use one port toward two services. When both lead to one backend
// endpoint their replies cannot be told apart. Is the tuple of `flow`'s replies free? A flow that is over gives way.
POISE_INLINE int poise_flow_reply_free(const struct poise_table *table, const struct poise_place *place,
				       const struct poise_flow *flow)
{
	struct poise_key reply = poise_flow_reply_key(flow);
	struct poise_found found = { 0, 0 };
	struct poise_flow *other;

	if (POISE_LIKELY(!poise_table_look(table, place, &reply, POISE_OUTWARD, &found)))
		return 1;
	other = poise_record(table, found.number);
	if (!other || !poise_state_reusable((enum poise_flow_state)POISE_LOAD(other->state)))
		return 0;
	poise_flow_remove_if(table, other, found.number, found.sequence);
	return 1;
}

#define POISE_REPLY_TURNS 4 // backends that are tried for a client whose port is in use

// Give the record a backend. Returns POISE_FORWARDED or POISE_SNAT_EXHAUSTED: no source port toward any.
POISE_INLINE enum poise_verdict poise_flow_assign(const struct poise_table *table, struct poise_create *create,
						  const struct poise_vip *vip, struct poise_cursor *cursor,
						  const struct poise_place *place, struct poise_flow *flow,
						  __u32 number)
{
	const struct poise_snapshot *snapshot = create->snapshot;

	for (int turn = 0; turn < POISE_REPLY_TURNS; turn++) {
		const struct poise_backend *backend;

		if (!create->same_turn)
			create->backend_index = poise_pick(snapshot, vip, cursor, &create->packet->key, (__u32)turn);
		backend = &snapshot->backends[create->backend_index & (POISE_MAX_BACKENDS - 1)];
		poise_flow_fill(flow, create, backend);
		flow->shard = (__u8)place->shard;
		if (vip->nat == POISE_NAT_FULL)
			return poise_flow_add_snat(table, create, backend, flow, number);
		if (POISE_LIKELY(poise_flow_reply_free(table, place, flow)))
			return POISE_FORWARDED;
	}
	return POISE_SNAT_EXHAUSTED;
}

// The flow itself, its source being admitted.
POISE_INLINE enum poise_verdict poise_flow_make(const struct poise_table *table,
						struct poise_create *create,
						const struct poise_place *place, __u32 *number)
{
	const struct poise_snapshot *snapshot = create->snapshot;
	const struct poise_vip *vip = &snapshot->vips[create->vip_index & (POISE_MAX_VIPS - 1)];
	struct poise_cursor *cursor = poise_cursor(table, vip->cursor);
	struct poise_found other;
	struct poise_key reply = { 0 };
	enum poise_verdict verdict;
	struct poise_flow *flow;

	if (!cursor)
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
	verdict = poise_flow_assign(table, create, vip, cursor, place, flow, *number);
	if (verdict != POISE_FORWARDED) {
		poise_table_remove(table, place, *number);
		poise_record_free(table, place->shard, *number);
		return verdict;
	}
	poise_flow_differences(flow);
	poise_half_open_add(table, place->shard, 1);
	POISE_STORE(flow->state, (__u8)POISE_STATE_SYN_SENT);
	if (vip->nat == POISE_NAT_FULL)
		reply = poise_flow_reply_key(flow); // once published the record may be given away
	if (vip->source_flows)
		flow->flags |= POISE_FLOW_COUNTED;
	create->sequence = poise_record_publish(flow);
	other = (struct poise_found){ *number, create->sequence };
	if (POISE_UNLIKELY(poise_flow_beaten(table, place, &create->packet->key, POISE_INWARD, &other))) {
		poise_flow_remove_if(table, flow, *number, create->sequence);
		*number = other.number;
		create->sequence = other.sequence;
		create->joined = 1;
		return POISE_FORWARDED;
	}
	if (vip->nat == POISE_NAT_FULL) {
		struct poise_place back = poise_place_snat(table, &reply);

		// Another writer took the same source port for another client. The caller may try again, or the client
		// repeats its SYN.
		other = (struct poise_found){ *number, create->sequence };
		if (poise_flow_beaten(table, &back, &reply, POISE_OUTWARD, &other)) {
			poise_flow_remove_if(table, flow, *number, create->sequence);
			create->snat_lost = 1;
			return POISE_SNAT_EXHAUSTED;
		}
	}
	return POISE_FORWARDED;
}

// Make a flow for the SYN in create->packet, whose client endpoint lives at *place. On POISE_FORWARDED
// *number is its record, published, and create->sequence its sequence; with create->joined it is a flow that
// another writer made for the same client just now. Otherwise nothing remains: POISE_NO_BACKEND, POISE_SOURCE_RATE,
// POISE_SOURCE_FLOWS, POISE_TABLE_FULL (the caller may evict and try again), POISE_SNAT_EXHAUSTED. A source that is
// over its limits is refused before anything is taken or has to make room. Any writer.
POISE_INLINE enum poise_verdict poise_flow_create(const struct poise_table *table,
						  struct poise_create *create,
						  const struct poise_place *place, __u32 *number)
{
	const struct poise_vip *vip = &create->snapshot->vips[create->vip_index & (POISE_MAX_VIPS - 1)];
	int limited = vip->source_interval | vip->source_flows;
	enum poise_verdict verdict;

	create->snat_probes = 0;
	create->snat_borrowed = 0;
	create->snat_lost = 0;
	create->joined = 0;
	if (POISE_UNLIKELY(!vip->slot_count))
		return vip->flags & POISE_VIP_REFUSES ? POISE_REFUSED : POISE_NO_BACKEND;
	if (POISE_UNLIKELY(limited)) {
		verdict = (enum poise_verdict)poise_source_enter(table, vip, create->packet->key.src,
								 create->vip_index, create->now_ms);
		if (verdict != POISE_FORWARDED)
			return verdict;
	}
	verdict = poise_flow_make(table, create, place, number);
	// A flow that was made and lost its port again has left by itself.
	if (POISE_UNLIKELY(limited) && verdict != POISE_FORWARDED && !create->snat_lost)
		poise_source_refund(table, vip, create->packet->key.src, create->vip_index);
	return verdict;
}
