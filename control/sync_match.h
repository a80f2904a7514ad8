// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Backends by service, address and port: indices differ from host to host. Pure.
#pragma once

#include <stdint.h>

#include <poise/snapshot.h>

#define CP_SYNC_MATCH_SIZE (2 * POISE_MAX_BACKENDS)

struct cp_sync_match {
	uint64_t generation; // of the snapshot that it was made of, 0 none
	uint16_t slots[CP_SYNC_MATCH_SIZE]; // index plus one, 0 is empty
};

// Bring it up to date.
void cp_sync_match_make(struct cp_sync_match *match, const struct poise_snapshot *snapshot);

// Index of the service's backend at this endpoint (network byte order), or POISE_NONE16. Those that have left the
// configuration and are kept for their flows count too.
uint16_t cp_sync_match_find(const struct cp_sync_match *match, const struct poise_snapshot *snapshot, uint16_t vip,
			    __be32 address, __be16 port);
