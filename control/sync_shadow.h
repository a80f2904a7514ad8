// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What poised remembers of each record of the flow table, so that the peer gets what has changed and nothing else: 36
// bytes a record, touched only where flows are. No queue: what the peer lacks is the difference between a record and
// its shadow at any time, so a slow peer gets later states and never more of them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <poise/table.h>

struct cp_sync_shadow {
	uint32_t sequence; // of the flow that this is about
	uint32_t noted_ms; // its last_seen_ms when it was sent, or as the peer's word made it
	uint8_t state;	   // likewise
	uint8_t session;   // in which it was sent, 0: none yet
	uint8_t peers;	   // the peer's flow while equal to shadows->peers, 0: ours
	uint8_t round;	   // in which the peer named it last
};

// To take back what was sent when the record has another flow or none.
struct cp_sync_name {
	uint32_t client, vip, backend, snat;
	uint16_t client_port, vip_port, backend_port, snat_port;
};

struct cp_sync_shadows {
	struct cp_sync_shadow *items; // by record number
	struct cp_sync_name *names;
	uint32_t count;
	uint8_t session; // of the sender, from 1 on
	uint8_t peers;	 // changes when the peer's table is another one: nothing is the peer's any more
	uint8_t round;	 // of the receiver
	uint64_t table;	 // the peer's; 0 not known
};

// Room for a table's records; the memory is zero pages until flows are there. 0 or -ENOMEM.
int cp_sync_shadows_init(struct cp_sync_shadows *shadows, const struct poise_table *table);
void cp_sync_shadows_fini(struct cp_sync_shadows *shadows);

// Everything is to be sent again.
void cp_sync_shadows_session(struct cp_sync_shadows *shadows);
// The peer begins to name everything it has.
void cp_sync_shadows_round(struct cp_sync_shadows *shadows);
// The peer has this table. When it had another one before, its flows are ours now: it has lost them.
void cp_sync_shadows_peer(struct cp_sync_shadows *shadows, uint64_t table);

static inline bool cp_sync_is_peers(const struct cp_sync_shadows *shadows, const struct cp_sync_shadow *shadow)
{
	return shadow->peers && shadow->peers == shadows->peers;
}
