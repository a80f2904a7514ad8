// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The half of the sync that listens to the peer: who greets with the key and proves it in a session may name flows.
// One such session at a time; a newer one ends the older.
#pragma once

#include "config.h"
#include "sync_link.h"
#include "sync_write.h"

struct cp_sync_receiver_view {
	bool connected; // a session of the peer's
	bool whole;	// it has named everything it has, in this session
	uint64_t epoch;
	uint64_t sessions, flows;
	uint64_t wholes; // how often everything was named
	uint64_t progress_ns; // CLOCK_MONOTONIC of the last message with flows, or of the session's begin
	uint64_t refused[CP_SYNC_REFUSALS];
};

struct cp_sync_receiver;

struct cp_sync_receiver_place {
	struct event_base *base;
	const struct cp_ha *ha;
	const struct cp_sync_secret *secret;
	struct cp_sync_writer *writer;
	struct poise_snapshot *const *snapshot;
	uint64_t table_id;
	bool (*busy)(void *context); // the table may not be written to now
	void (*whole)(void *context); // everything was named
	void *context;
};

// NULL after a line in the log.
struct cp_sync_receiver *cp_sync_receiver_create(const struct cp_sync_receiver_place *place);
void cp_sync_receiver_destroy(struct cp_sync_receiver *receiver);

const struct cp_sync_receiver_view *cp_sync_receiver_view(const struct cp_sync_receiver *receiver);

// To be called now and then: ends connections that say nothing.
void cp_sync_receiver_look(struct cp_sync_receiver *receiver, uint64_t now_ns);
