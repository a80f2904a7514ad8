// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The memory of the flow table: handed in by poised (BPF array or memfd), or our own. Plain C without EAL. Cold.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <poise/table_setup.h>

#include "log.h"

struct dp_memory {
	void *base; // NULL: no table
	size_t bytes;
	struct poise_table table; // points into base
};

// A table of our own for `max_flows` flows (1 to DP_MAX_FLOWS), gone with the process.
#define DP_MAX_FLOWS (1u << 26)
int dp_memory_create(struct dp_memory *memory, uint32_t max_flows, struct dp_error *error);

// Map `bytes` bytes of a descriptor that holds a table. The descriptor stays the caller's.
int dp_memory_map(struct dp_memory *memory, int fd, uint64_t bytes, struct dp_error *error);

void dp_memory_fini(struct dp_memory *memory);
