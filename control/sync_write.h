// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The one place where poised writes flows: those that the peer names, into the shared table, through the contract, as
// one writer among several (docs/decisions, "poised writes the peer's flows"). poised's thread; time is an argument.
#pragma once

#include "sync_match.h"
#include "sync_shadow.h"
#include "sync_wire.h"

enum cp_sync_fate {
#define CP_SYNC_FATE(NAME, name, kind, help) CP_SYNC_##NAME,
#include "sync_fates.def"
#undef CP_SYNC_FATE
	CP_SYNC_FATES,
};

// "no_backend". Static text.
const char *cp_sync_fate_name(enum cp_sync_fate fate);
bool cp_sync_fate_ignored(enum cp_sync_fate fate);

struct cp_sync_writer {
	struct poise_table table; // writable
	struct cp_sync_shadows *shadows;
	struct cp_sync_match match;
	uint32_t sweep;	      // next record of the sweep below
	bool sweeping;
	uint64_t fates[CP_SYNC_FATES];
};

// What the peer says of one flow. Counted.
enum cp_sync_fate cp_sync_write(struct cp_sync_writer *writer, const struct poise_snapshot *snapshot,
				const struct cp_sync_flow *flow, uint32_t now_ms);

// The peer has named everything it has: its flows that it did not name this time have ended meanwhile. Begins to remove
// them; cp_sync_write_sweep() looks at `budget` records and returns true while there are more.
void cp_sync_write_whole(struct cp_sync_writer *writer);
bool cp_sync_write_sweep(struct cp_sync_writer *writer, uint32_t budget);
