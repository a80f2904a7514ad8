// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Reading records of the flow table while the data paths write them.
#pragma once

#include <stdbool.h>
#include <string.h>

#include <poise/table_ops.h>

// Copy a record. Returns false when there is no flow in it, or another writer was at it meanwhile. Any thread.
static inline bool cp_flow_copy(const struct poise_flow *record, struct poise_flow *copy)
{
	uint32_t sequence = POISE_LOAD_ACQUIRE(record->sequence);

	if (sequence & 1 || POISE_LOAD(record->state) == POISE_STATE_FREE)
		return false;
	memcpy(copy, record, sizeof(*copy));
	return poise_flow_is(record, sequence) && copy->state != POISE_STATE_FREE;
}
