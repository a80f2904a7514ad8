// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A recorded packet for people, for programs, and for pcapng.
#pragma once

#include <event2/buffer.h>
#include <jansson.h>

#include "trace_read.h"

// Add this to the record's time and get nanoseconds since 1970.
int64_t cp_trace_clock_offset_ns(void);

// Two lines at most, for a terminal.
void cp_trace_text(struct evbuffer *out, const struct cp_trace_packet *packet, const struct poise_snapshot *snapshot,
		   int64_t offset_ns);
json_t *cp_trace_json(const struct cp_trace_packet *packet, const struct poise_snapshot *snapshot, int64_t offset_ns);

// Start of a pcapng file with an interface for each port of the snapshot, and the packet's one or two sides.
void cp_trace_pcapng_start(struct evbuffer *out, const struct poise_snapshot *snapshot);
void cp_trace_pcapng(struct evbuffer *out, const struct cp_trace_packet *packet, const struct poise_snapshot *snapshot,
		     int64_t offset_ns);
