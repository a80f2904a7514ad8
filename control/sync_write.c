// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "sync_write.h"

#include <endian.h>
#include <netinet/in.h>
#include <string.h>

#include <poise/expire.h>
#include <poise/flow_adopt.h>

#define STATE_ATTEMPTS 3

static const struct {
	const char *name;
	enum { TAKEN, IDLE, IGNORED } kind;
} fates[] = {
#define CP_SYNC_FATE(NAME, name, kind, help) {#name, kind},
#include "sync_fates.def"
#undef CP_SYNC_FATE
};

const char *cp_sync_fate_name(enum cp_sync_fate fate)
{
	return (uint32_t)fate < CP_SYNC_FATES ? fates[fate].name : "?";
}

bool cp_sync_fate_ignored(enum cp_sync_fate fate)
{
	return (uint32_t)fate < CP_SYNC_FATES && fates[fate].kind == IGNORED;
}

// The flow as a record here: indices, way back and clock are this host's.
static enum cp_sync_fate translate(struct cp_sync_writer *writer, const struct poise_snapshot *snapshot,
				   const struct cp_sync_flow *from, uint32_t now_ms, struct poise_flow *to)
{
	uint32_t age_ms = be32toh(from->age_ms);
	const struct poise_route *route;

	if (cp_sync_flow_wrong(from))
		return CP_SYNC_MALFORMED;
	*to = (struct poise_flow){
		.last_seen_ms = now_ms - age_ms,
		.client = from->client,
		.vip = from->vip,
		.backend = from->backend,
		.snat = from->snat,
		.client_port = from->client_port,
		.vip_port = from->vip_port,
		.backend_port = from->backend_port,
		.snat_port = from->snat_port,
		.state = from->state,
		.flags = from->flags & CP_SYNC_FULL_NAT ? POISE_FLOW_FULL_NAT : 0,
	};
	to->vip_index = poise_vip_find(snapshot, from->vip, from->vip_port);
	if (to->vip_index == POISE_NONE16 || from->protocol != snapshot->vips[to->vip_index].protocol)
		return CP_SYNC_NO_SERVICE;
	cp_sync_match_make(&writer->match, snapshot);
	to->backend_index = cp_sync_match_find(&writer->match, snapshot, to->vip_index, from->backend,
					       from->backend_port);
	if (to->backend_index == POISE_NONE16)
		return CP_SYNC_NO_BACKEND;
	// Without it replies would not be taken for ours.
	if (to->flags & POISE_FLOW_FULL_NAT && poise_snat_find(snapshot, to->snat) == POISE_NONE16)
		return CP_SYNC_NO_SOURCE;
	if (age_ms >= poise_flow_timeout_ms(snapshot, to->vip_index, (enum poise_flow_state)to->state))
		return CP_SYNC_EXPIRED;
	route = poise_route_find(snapshot, to->client);
	to->client_egress = route ? route->egress : POISE_NONE16;
	to->client_interface = route ? (uint8_t)route->port : 0;
	memcpy(to->client_mac, from->client_mac, sizeof(to->client_mac));
	return CP_SYNC_CREATED;
}

// Its acknowledgements stay unknown, so that no reset is judged by old ones.
static void note(struct cp_sync_writer *writer, const struct poise_found *found, const struct poise_flow *wanted)
{
	struct cp_sync_shadow *shadow = &writer->shadows->items[found->number];

	shadow->sequence = found->sequence;
	shadow->noted_ms = wanted->last_seen_ms;
	shadow->state = wanted->state;
	shadow->peers = writer->shadows->peers;
	shadow->round = writer->shadows->round;
	shadow->session = writer->shadows->session; // the peer has it, this session too
	writer->shadows->names[found->number] = (struct cp_sync_name){
		.client = wanted->client, .vip = wanted->vip, .backend = wanted->backend, .snat = wanted->snat,
		.client_port = wanted->client_port, .vip_port = wanted->vip_port,
		.backend_port = wanted->backend_port, .snat_port = wanted->snat_port,
	};
}

// Is the flow in this record the peer's still: no packet of it has come here since the peer's last word?
static bool is_peers(const struct cp_sync_writer *writer, const struct poise_found *found,
		     const struct poise_flow *flow)
{
	const struct cp_sync_shadow *shadow = &writer->shadows->items[found->number];

	return cp_sync_is_peers(writer->shadows, shadow) && shadow->sequence == found->sequence &&
	       shadow->noted_ms == POISE_LOAD(flow->last_seen_ms) && shadow->state == POISE_LOAD(flow->state);
}

static bool same(const struct poise_flow *a, const struct poise_flow *b)
{
	return a->backend == b->backend && a->backend_port == b->backend_port && a->snat == b->snat &&
	       a->snat_port == b->snat_port;
}

static void set_state(const struct poise_table *table, struct poise_flow *flow, enum poise_flow_state state)
{
	uint32_t word = POISE_LOAD(*poise_flow_word(flow)), before;

	for (int attempt = 0; attempt < STATE_ATTEMPTS; attempt++) {
		enum poise_flow_state old = (enum poise_flow_state)poise_word_state(word);

		if (old == state || old == POISE_STATE_FREE)
			return;
		before = word;
		word = POISE_CAS(poise_flow_word(flow), before, poise_word_with(before, state));
		if (word != before)
			continue;
		if (poise_state_half_open(old))
			poise_half_open_add(table, flow->shard, -1);
		return;
	}
}

// The same flow is here. Who saw the later packet knows better.
static enum cp_sync_fate update(struct cp_sync_writer *writer, const struct poise_found *found,
				struct poise_flow *flow, struct poise_flow *wanted, bool yours)
{
	struct cp_sync_shadow *shadow = &writer->shadows->items[found->number];
	bool peers = is_peers(writer, found, flow);
	uint32_t seen_ms = POISE_LOAD(flow->last_seen_ms);

	shadow->round = writer->shadows->round;
	if (yours && peers) { // each took it for the other's: it has to be somebody's
		shadow->peers = 0;
		shadow->state = POISE_STATE_FREE;
	}
	if (yours || (!peers && (int32_t)(wanted->last_seen_ms - seen_ms) <= 0))
		return CP_SYNC_NEWER_HERE;
	poise_flow_seen(flow, wanted->last_seen_ms);
	if ((int32_t)(wanted->last_seen_ms - seen_ms) < 0)
		wanted->last_seen_ms = seen_ms; // by what the messages took
	set_state(&writer->table, flow, (enum poise_flow_state)wanted->state);
	if (!poise_flow_is(flow, found->sequence))
		return CP_SYNC_GONE_HERE;
	note(writer, found, wanted);
	return CP_SYNC_UPDATED;
}

static enum cp_sync_fate put(struct cp_sync_writer *writer, struct poise_flow *wanted, bool yours)
{
	struct poise_place place = poise_place_client(&writer->table, wanted->client, wanted->client_port);
	struct poise_key key = {.src = wanted->client, .dst = wanted->vip, .src_port = wanted->client_port,
				.dst_port = wanted->vip_port};
	struct poise_found found = {0};

	if (poise_table_look(&writer->table, &place, &key, POISE_INWARD, &found)) {
		struct poise_flow *flow = poise_record(&writer->table, found.number);

		if (same(flow, wanted))
			return update(writer, &found, flow, wanted, yours);
		// The client's port leads somewhere else there: the later one is what the client means.
		if (yours || (!is_peers(writer, &found, flow) &&
			      (int32_t)(wanted->last_seen_ms - POISE_LOAD(flow->last_seen_ms)) <= 0))
			return CP_SYNC_NEWER_HERE;
		poise_flow_remove_if(&writer->table, flow, found.number, found.sequence);
	} else if (yours || poise_state_reusable((enum poise_flow_state)wanted->state)) {
		return CP_SYNC_GONE_HERE;
	}
	switch (poise_flow_adopt(&writer->table, wanted, &found)) {
	case POISE_FORWARDED:
		note(writer, &found, wanted);
		return CP_SYNC_CREATED;
	case POISE_TABLE_FULL:
		return CP_SYNC_TABLE_FULL;
	default:
		return CP_SYNC_COLLISION;
	}
}

static enum cp_sync_fate take_away(struct cp_sync_writer *writer, const struct poise_flow *wanted)
{
	struct poise_place place = poise_place_client(&writer->table, wanted->client, wanted->client_port);
	struct poise_key key = {.src = wanted->client, .dst = wanted->vip, .src_port = wanted->client_port,
				.dst_port = wanted->vip_port};
	struct poise_found found = {0};
	struct poise_flow *flow;

	if (!poise_table_look(&writer->table, &place, &key, POISE_INWARD, &found))
		return CP_SYNC_GONE_HERE;
	flow = poise_record(&writer->table, found.number);
	if (!same(flow, wanted))
		return CP_SYNC_GONE_HERE;
	if (!is_peers(writer, &found, flow))
		return CP_SYNC_NEWER_HERE;
	memset(&writer->shadows->items[found.number], 0, sizeof(writer->shadows->items[0]));
	return poise_flow_remove_if(&writer->table, flow, found.number, found.sequence) ? CP_SYNC_REMOVED
											 : CP_SYNC_GONE_HERE;
}

enum cp_sync_fate cp_sync_write(struct cp_sync_writer *writer, const struct poise_snapshot *snapshot,
				const struct cp_sync_flow *flow, uint32_t now_ms)
{
	struct poise_flow wanted;
	enum cp_sync_fate fate = translate(writer, snapshot, flow, now_ms, &wanted);

	if (fate == CP_SYNC_CREATED)
		fate = flow->kind == CP_SYNC_PUT ? put(writer, &wanted, flow->flags & CP_SYNC_YOURS)
						 : take_away(writer, &wanted);
	writer->fates[fate]++;
	return fate;
}

void cp_sync_write_whole(struct cp_sync_writer *writer)
{
	writer->sweep = 1;
	writer->sweeping = true;
}

bool cp_sync_write_sweep(struct cp_sync_writer *writer, uint32_t budget)
{
	struct cp_sync_shadows *shadows = writer->shadows;

	for (; writer->sweeping && budget && writer->sweep < shadows->count; writer->sweep++, budget--) {
		struct cp_sync_shadow *shadow = &shadows->items[writer->sweep];
		struct poise_found found = {writer->sweep, shadow->sequence};
		struct poise_flow *flow;

		if (!cp_sync_is_peers(shadows, shadow) || shadow->round == shadows->round)
			continue;
		flow = poise_record(&writer->table, writer->sweep);
		if (!is_peers(writer, &found, flow) || !poise_flow_visible(flow))
			continue;
		memset(shadow, 0, sizeof(*shadow));
		if (poise_flow_remove_if(&writer->table, flow, found.number, found.sequence))
			writer->fates[CP_SYNC_REMOVED]++;
	}
	if (writer->sweep >= shadows->count)
		writer->sweeping = false;
	return writer->sweeping;
}
