// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Does the ring of poise/trace.h hold what a step of a vector file says? Records are read as they lie there: nobody
// writes any more.
#pragma once

#include <time.h>

#include <poise/trace.h>
#include <poise/xdp.h>

#include "twin.h"

// Watch all packets for the next minute, or none. Forgets what was recorded.
static inline void watched_ask(const struct poise_table *table, struct poise_xdp_state *state, int watch)
{
	struct poise_trace_control *control = poise_trace_control(table);
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	memset(control, 0, sizeof(*control));
	control->vip_index = control->backend_index = POISE_NONE16;
	control->until_ns = watch ? (uint64_t)(now.tv_sec + 60) * 1000000000u : 0;
	state->watch_until_ms = (uint32_t)(control->until_ns / 1000000);
	poise_trace_head(table)->next = 0;
}

static inline int watched_record_differs(const struct poise_table *table, uint64_t position,
					 const struct vector_step *step, const struct vector_frame *frame, int port)
{
	const struct poise_trace_record *record = POISE_TABLE_LINE(table, poise_trace_line(table, position));
	uint32_t captured = frame->length < POISE_TRACE_BYTES ? frame->length : POISE_TRACE_BYTES;

	if (record->sequence != position + 1 || record->path != POISE_TRACE_XDP || record->side != position)
		return printf("    record %u is not complete\n", (unsigned)position);
	if (record->verdict != twin_counter(step->verdict) || record->port != port)
		return printf("    record %u: verdict %u, port %u\n", (unsigned)position, record->verdict,
			      record->port);
	if (record->length != frame->length || record->captured != captured)
		return printf("    record %u: %u bytes of %u\n", (unsigned)position, record->captured, record->length);
	if (!memcmp(record + 1, frame->bytes, captured))
		return 0;
	twin_print("got ", (const void *)(record + 1), captured);
	twin_print("want", frame->bytes, captured);
	return 1;
}

// Compare what was recorded of one step, and forget it. Prints what differs. A packet that a service's flow carries
// names both.
static inline int watched_differs(const struct poise_table *table, const struct poise_snapshot *snapshot,
				  const struct vector_step *step)
{
	const struct poise_trace_record *record = POISE_TABLE_LINE(table, poise_trace_line(table, 0));
	struct poise_trace_head *head = poise_trace_head(table);
	uint64_t wanted = step->out_port[0] ? 2 : 1, found = head->next;
	int differs = 0;

	head->next = 0;
	if (found != wanted)
		return printf("    %u records, want %u\n", (unsigned)found, (unsigned)wanted);
	differs = watched_record_differs(table, 0, step, &step->in, (int)twin_port(snapshot, step->in_port));
	if (wanted == 2)
		differs |= watched_record_differs(table, 1, step, &step->out,
						  (int)twin_port(snapshot, step->out_port));
	if (record->verdict == POISE_FORWARDED &&
	    (record->vip_index >= snapshot->vips_count || record->backend_index >= snapshot->backends_count))
		differs = printf("    of service %u and backend %u\n", record->vip_index, record->backend_index);
	return differs;
}
