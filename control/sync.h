// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The flow sync between the two balancers of a pair, and whether this one may take traffic: not before it has the
// peer's flows. docs/high-availability.md. poised's thread.
#pragma once

#include "app.h"
#include "sync_receive.h"
#include "sync_send.h"

enum cp_sync_join {
	CP_SYNC_OFF,	 // no peer is configured
	CP_SYNC_JOINING, // waits for the peer's flows
	CP_SYNC_JOINED,	 // has got them
	CP_SYNC_ALONE,	 // did not get them in time, and serves without
	CP_SYNC_JOINS,
};

const char *cp_sync_join_name(enum cp_sync_join join);

// Made whether there is a peer or not; NULL without memory. cp_sync_apply() starts it.
struct cp_sync *cp_sync_create(struct cp_app *app);
void cp_sync_destroy(struct cp_sync *sync);

// Can the config's key file be used? Lines in *report if not: 0 or -1. Any time.
int cp_sync_check(const struct cp_config *config, struct cp_report *report);

// app->config is new, or its key file: take it. 0, or -1 after a line in the log; then there is no sync.
int cp_sync_apply(struct cp_sync *sync);

// May this balancer take traffic, as far as the peer and the operator are concerned? *why (may be NULL) is set when
// not. `sync` may be NULL.
bool cp_sync_ready(const struct cp_sync *sync, const char **why);

// The operator wants the traffic to go to the peer: as soon as the peer has all flows, or after two seconds, this
// balancer is not ready any more. cp_sync_announce() takes it back.
void cp_sync_withdraw(struct cp_sync *sync);
void cp_sync_announce(struct cp_sync *sync);

struct cp_sync_view {
	enum cp_sync_join join;
	bool withdrawn; // wished, and done once cp_sync_ready() says so
	const struct cp_ha *ha;
	const struct cp_sync_sender_view *sender;     // NULL while off
	const struct cp_sync_receiver_view *receiver; // likewise
	const uint64_t *fates;			      // CP_SYNC_FATES; NULL while off
	uint64_t ignored;			      // sum of those that could not be used
};

// Valid until the next turn of the event loop.
void cp_sync_view(const struct cp_sync *sync, struct cp_sync_view *view);
