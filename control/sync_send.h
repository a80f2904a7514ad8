// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The half of the sync that tells the peer our flows: connects, greets, walks the table again and again.
#pragma once

#include "config.h"
#include "sync_link.h"
#include "sync_scan.h"

struct cp_sync_sender_view {
	bool connected; // the peer listens and knows the key
	bool whole;	// and has been told everything once
	uint64_t epoch;
	uint64_t sessions, flows_put, flows_removed, passes;
	uint64_t pass_ns;    // what the last walk took of this thread
	uint64_t lag_ns;     // until the peer had taken what was said before its last answer
	uint64_t settled_ns; // CLOCK_MONOTONIC: flows that lived then are at the peer; 0 none
	uint64_t refused[CP_SYNC_REFUSALS];
	char error[160]; // why not connected, empty when it is
};

struct cp_sync_sender;

struct cp_sync_sender_place {
	struct event_base *base;
	const struct cp_ha *ha;
	const struct cp_sync_secret *secret;
	const struct poise_table *table;
	struct poise_snapshot *const *snapshot; // may point to NULL
	struct cp_sync_shadows *shadows;
	uint64_t table_id;
};

// Begins at once. What *place points to outlives it. NULL without memory.
struct cp_sync_sender *cp_sync_sender_create(const struct cp_sync_sender_place *place);
void cp_sync_sender_destroy(struct cp_sync_sender *sender);

const struct cp_sync_sender_view *cp_sync_sender_view(const struct cp_sync_sender *sender);

// Walk without pauses until settled_ns is past now.
void cp_sync_sender_hurry(struct cp_sync_sender *sender);

// A socket bound to our end of the sync link, not blocking. `server`: the port too, and listening. -errno.
int cp_sync_socket(const struct cp_ha *ha, bool server);
