// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "sync_scan.h"

#include <string.h>

#include <poise/expire.h>

#include "flow_copy.h"

#define AHEAD 16u // records between the fetch of one and the look at it

void cp_sync_scan_restart(struct cp_sync_scan *scan)
{
	scan->shard = scan->position = 0;
	scan->whole = false;
	cp_sync_shadows_session(scan->shadows);
}

static void note_name(struct cp_sync_name *name, const struct poise_flow *flow)
{
	*name = (struct cp_sync_name){
		.client = flow->client, .vip = flow->vip, .backend = flow->backend, .snat = flow->snat,
		.client_port = flow->client_port, .vip_port = flow->vip_port,
		.backend_port = flow->backend_port, .snat_port = flow->snat_port,
	};
}

// The flow of this name in the table, in whichever record.
static bool lives(const struct poise_table *table, const struct cp_sync_name *name)
{
	struct poise_place place = poise_place_client(table, name->client, name->client_port);
	struct poise_key key = {.src = name->client, .dst = name->vip, .src_port = name->client_port,
				.dst_port = name->vip_port};

	return poise_table_find(table, &place, &key, POISE_INWARD);
}

// What a shadow is about is no more. The peer is told unless it is the peer's, or the client has a new flow already,
// which takes the place of this one there. Returns false when there is no room.
static bool gone(struct cp_sync_scan *scan, uint32_t number)
{
	struct cp_sync_shadow *shadow = &scan->shadows->items[number];
	const struct cp_sync_name *name = &scan->shadows->names[number];
	struct poise_flow flow = {.state = POISE_STATE_CLOSING};
	struct cp_sync_flow out;

	if (shadow->session == scan->shadows->session && !cp_sync_is_peers(scan->shadows, shadow) &&
	    !lives(scan->table, name)) {
		flow.client = name->client;
		flow.vip = name->vip;
		flow.backend = name->backend;
		flow.snat = name->snat;
		flow.client_port = name->client_port;
		flow.vip_port = name->vip_port;
		flow.backend_port = name->backend_port;
		flow.snat_port = name->snat_port;
		if (name->snat != name->client || name->snat_port != name->client_port)
			flow.flags = POISE_FLOW_FULL_NAT;
		cp_sync_flow_from(&out, &flow, CP_SYNC_REMOVE, 0);
		if (!scan->emit(scan->context, &out))
			return false;
	}
	memset(shadow, 0, sizeof(*shadow));
	return true;
}

static bool due(const struct cp_sync_scan *scan, const struct cp_sync_shadow *shadow,
		const struct poise_snapshot *snapshot, const struct poise_flow *flow)
{
	enum poise_flow_state state = (enum poise_flow_state)POISE_LOAD(flow->state);
	uint32_t seen_ms = POISE_LOAD(flow->last_seen_ms), refresh_ms;

	if (shadow->session != scan->shadows->session) // what begins or ends just now is not worth it
		return !poise_state_half_open(state) && !poise_state_reusable(state);
	if (cp_sync_is_peers(scan->shadows, shadow))
		return false;
	if (state != shadow->state)
		return true;
	if (seen_ms == shadow->noted_ms)
		return false;
	refresh_ms = poise_flow_timeout_ms(snapshot, flow->vip_index, state) / 4;
	if (refresh_ms > CP_SYNC_REFRESH_MS)
		refresh_ms = CP_SYNC_REFRESH_MS;
	return seen_ms - shadow->noted_ms >= refresh_ms;
}

static bool send(struct cp_sync_scan *scan, uint32_t number, const struct poise_flow *record, uint32_t now_ms)
{
	struct cp_sync_shadow *shadow = &scan->shadows->items[number];
	struct poise_flow copy;
	struct cp_sync_flow out;

	if (!cp_flow_copy(record, &copy) || poise_state_half_open((enum poise_flow_state)copy.state))
		return true; // somebody is at it: the next pass sees what has become of it
	cp_sync_flow_from(&out, &copy, CP_SYNC_PUT, now_ms);
	if (cp_sync_is_peers(scan->shadows, shadow))
		out.flags |= CP_SYNC_YOURS;
	if (!scan->emit(scan->context, &out))
		return false;
	note_name(&scan->shadows->names[number], &copy);
	shadow->sequence = copy.sequence;
	shadow->session = scan->shadows->session;
	if (!(out.flags & CP_SYNC_YOURS)) {
		shadow->noted_ms = copy.last_seen_ms;
		shadow->state = copy.state;
	}
	return true;
}

// A flow of the peer's is ours when the peer has lost it, or when packets of it come here. Then the peer is told, also
// when it ends just now.
static void claim(const struct cp_sync_scan *scan, struct cp_sync_shadow *shadow, const struct poise_flow *flow)
{
	if (!cp_sync_is_peers(scan->shadows, shadow)) {
		shadow->session = 0;
	} else if (POISE_LOAD(flow->last_seen_ms) != shadow->noted_ms || POISE_LOAD(flow->state) != shadow->state) {
		shadow->session = scan->shadows->session;
		shadow->state = POISE_STATE_FREE; // another one in any case
	} else {
		return;
	}
	shadow->peers = 0;
}

// Returns false when there is no room.
static bool look(struct cp_sync_scan *scan, const struct poise_snapshot *snapshot, uint32_t number, uint32_t now_ms)
{
	const struct poise_flow *flow = poise_record(scan->table, number);
	struct cp_sync_shadow *shadow = &scan->shadows->items[number];
	bool known = shadow->session || shadow->peers, visible = poise_flow_visible(flow);

	if (visible && poise_flow_expired(snapshot, flow, now_ms))
		visible = false;
	if (known && (!visible || POISE_LOAD(flow->sequence) != shadow->sequence)) {
		if (!gone(scan, number))
			return false;
		known = false;
	}
	if (!visible)
		return true;
	if (known && shadow->peers)
		claim(scan, shadow, flow);
	return !due(scan, shadow, snapshot, flow) || send(scan, number, flow, now_ms);
}

bool cp_sync_scan_run(struct cp_sync_scan *scan, const struct poise_snapshot *snapshot, uint32_t now_ms,
		      uint32_t budget)
{
	const struct poise_table *table = scan->table;

	while (budget) {
		uint32_t top = POISE_LOAD(poise_shard(table, scan->shard)->used_top);
		uint32_t first = scan->shard * table->records_per_shard + 1;

		if (top > table->records_per_shard)
			top = table->records_per_shard;
		for (; scan->position < top && budget; scan->position++, budget--) {
			if (scan->position + AHEAD < top)
				__builtin_prefetch(poise_record(table, first + scan->position + AHEAD));
			if (!look(scan, snapshot, first + scan->position, now_ms))
				return false;
		}
		if (scan->position < top)
			return false;
		scan->position = 0;
		scan->shard++;
		if (scan->shard == POISE_SHARDS) {
			scan->shard = 0;
			scan->passes++;
			scan->whole = true;
			return true;
		}
	}
	return false;
}
