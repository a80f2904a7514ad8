// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Entering a flow that somebody else made, whole: another balancer, whose connections this one can carry on.
#pragma once

#include <poise/flow_create.h>

// Copy what a flow is, apart from `sequence`, which is the record's own, and the differences, which follow.
POISE_INLINE void poise_flow_copy_in(struct poise_flow *flow, const struct poise_flow *wanted)
{
	POISE_STORE(flow->last_seen_ms, wanted->last_seen_ms);
	POISE_STORE(flow->client, wanted->client); // a slow writer may still look for the next free record here
	flow->vip = wanted->vip;
	flow->backend = wanted->backend;
	flow->snat = wanted->snat;
	flow->client_port = wanted->client_port;
	flow->vip_port = wanted->vip_port;
	flow->backend_port = wanted->backend_port;
	flow->snat_port = wanted->snat_port;
	flow->flags = wanted->flags;
	flow->vip_index = wanted->vip_index;
	flow->backend_index = wanted->backend_index;
	flow->client_egress = wanted->client_egress;
	POISE_STORE(flow->ack[POISE_INWARD], wanted->ack[POISE_INWARD]);
	POISE_STORE(flow->ack[POISE_OUTWARD], wanted->ack[POISE_OUTWARD]);
	POISE_COPY(flow->client_mac, wanted->client_mac, 6);
	flow->client_interface = wanted->client_interface;
	poise_flow_differences(flow);
}

// Is the tuple of its replies free? Looked at before it is entered. A flow that is over gives way (DNAT).
POISE_INLINE int poise_flow_adoptable(const struct poise_table *table, const struct poise_flow *wanted)
{
	struct poise_key reply = poise_flow_reply_key(wanted);
	struct poise_place place = poise_place_client(table, wanted->client, wanted->client_port);

	if (wanted->flags & POISE_FLOW_FULL_NAT)
		return poise_snat_free(table, &reply);
	return poise_flow_reply_free(table, &place, wanted);
}

// Make a record of *wanted, whose tuple, state (not half open), flags, last_seen_ms, indices and way back are filled.
// On POISE_FORWARDED *found is the record, published. Otherwise nothing remains: POISE_TABLE_FULL, or
// POISE_SNAT_EXHAUSTED when the client has a flow to this service already, or its replies could not be told from those
// of another. Any writer; not in the kernel.
POISE_INLINE enum poise_verdict poise_flow_adopt(const struct poise_table *table, const struct poise_flow *wanted,
						 struct poise_found *found)
{
	struct poise_place place = poise_place_client(table, wanted->client, wanted->client_port), back;
	struct poise_key forth = { .src = wanted->client, .dst = wanted->vip, .src_port = wanted->client_port,
				   .dst_port = wanted->vip_port };
	struct poise_key reply = poise_flow_reply_key(wanted);
	int full = wanted->flags & POISE_FLOW_FULL_NAT;
	struct poise_flow *flow;
	__u32 number;

	if (!poise_flow_adoptable(table, wanted))
		return POISE_SNAT_EXHAUSTED;
	number = poise_record_allocate(table, place.shard);
	if (!number)
		return POISE_TABLE_FULL;
	flow = poise_record(table, number);
	if (poise_table_insert(table, &place, number)) {
		poise_record_free(table, place.shard, number);
		return POISE_TABLE_FULL;
	}
	poise_flow_copy_in(flow, wanted);
	flow->shard = (__u8)place.shard;
	back = full ? poise_place_snat(table, &reply) : place;
	if (full && poise_table_insert(table, &back, number)) {
		poise_table_remove(table, &place, number);
		poise_record_free(table, place.shard, number);
		return POISE_TABLE_FULL;
	}
	POISE_STORE(flow->state, wanted->state);
	*found = (struct poise_found){ number, poise_record_publish(flow) };
	// A data path may have made one meanwhile. What has packets here stays.
	for (int direction = 0; direction < 2; direction++) {
		struct poise_found other = *found;

		if (!poise_table_look(table, direction ? &back : &place, direction ? &reply : &forth, (__u32)direction,
				      &other))
			continue;
		poise_flow_remove_if(table, flow, number, found->sequence);
		return POISE_SNAT_EXHAUSTED;
	}
	return POISE_FORWARDED;
}
