// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The other end of poise/trace.h: asking for packets and reading what was recorded. poised's thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <poise/trace.h>

#include "app.h"

struct cp_trace_packet {
	struct poise_trace_record in;
	struct poise_trace_record out; // valid when `left`
	bool left;
	uint8_t in_bytes[POISE_TRACE_BYTES];
	uint8_t out_bytes[POISE_TRACE_BYTES];
};

enum cp_trace_result { CP_TRACE_PACKET, CP_TRACE_WAIT };

// Put the control line in force: the only place where poised writes the flow table's memory. Returns 0 or -errno.
int cp_trace_ask(const struct cp_flow_memory *flows, const struct poise_trace_control *control);

// The position of the next record.
uint64_t cp_trace_now(const struct cp_flow_memory *flows);

// The next packet at or behind *position, which moves past it. What was overwritten before it could be read is added
// to *missed. CP_TRACE_WAIT: nothing more is complete yet.
enum cp_trace_result cp_trace_next(const struct cp_flow_memory *flows, uint64_t *position, uint64_t *missed,
				   struct cp_trace_packet *packet);
