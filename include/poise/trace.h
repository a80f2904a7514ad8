// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Packets that somebody wants to see: what came, what left, and why. A ring of records in the flow table's memory, so
// that both data paths write it and no descriptor more is needed. While nobody watches it costs a worker one load and
// one comparison a burst, and the XDP program, which looks at poise_xdp_state first, the same a packet.
//
// poised writes the control line, and again and again as long as somebody watches: when it dies, or its client does,
// the time in the line runs out and everything is as before. Writers claim positions and never wait; a reader that is
// too slow sees by the sequence that it has missed some.
#pragma once

#include <poise/table.h>
#include <poise/verdict.h>

// Writer: poised. Readers: workers, the XDP program.
struct poise_trace_control {
	__u64 until_ns; // CLOCK_MONOTONIC: packets are recorded before this moment
	__be32 address; // of one end of the packet, as it came or as it left
	__be32 mask;	// 0: any
	__be16 port;	// of that end, 0: any
	__u16 vip_index;     // POISE_NONE16: any
	__u16 backend_index; // POISE_NONE16: any
	__u16 drops; // 1: only what was dropped
	__u64 reserved[4];
} POISE_ALIGNED;
POISE_ASSERT(sizeof(struct poise_trace_control) == POISE_LINE_SIZE, "one line");

// Writers: workers, the XDP program.
struct poise_trace_head {
	__u64 next; // position of the next record
	__u64 reserved[7];
} POISE_ALIGNED;
POISE_ASSERT(sizeof(struct poise_trace_head) == POISE_LINE_SIZE, "one line");

enum poise_trace_side { POISE_TRACE_IN, POISE_TRACE_OUT };
enum poise_trace_path { POISE_TRACE_DPDK, POISE_TRACE_XDP };

// The first line of a record; the frame's bytes follow. A packet that left has two records in a row.
struct poise_trace_record {
	__u64 sequence; // position + 1, written last; anything else: not complete
	__u64 at_ns;	// CLOCK_MONOTONIC, by the path's own clock: exact to its burst
	__u32 length;	// of the frame
	__u16 captured; // of it that follow
	__u16 vip_index;     // POISE_NONE16: of no flow
	__u16 backend_index; // the same
	__u8 side;	// enum poise_trace_side
	__u8 path;	// enum poise_trace_path
	__u8 port;	// it came in or left by, index into snapshot->ports
	__u8 actor;	// worker, or CPU
	__u8 verdict;	// enum poise_verdict; POISE_HANDOFF: went to another worker, which records it as well
	__u8 reserved[33];
} POISE_ALIGNED;
POISE_ASSERT(sizeof(struct poise_trace_record) == POISE_LINE_SIZE, "one line before the bytes");

#define POISE_TRACE_BYTES ((POISE_TRACE_RECORD_LINES - 1) * POISE_LINE_SIZE)

POISE_INLINE __u32 poise_trace_first(const struct poise_table *table)
{
	return table->gate_first + POISE_GATE_LINES + POISE_MAX_WORKERS;
}

POISE_INLINE struct poise_trace_control *poise_trace_control(const struct poise_table *table)
{
	return POISE_TABLE_LINE(table, poise_trace_first(table));
}

POISE_INLINE struct poise_trace_head *poise_trace_head(const struct poise_table *table)
{
	return POISE_TABLE_LINE(table, poise_trace_first(table) + 1);
}

// Line of the record at a position.
POISE_INLINE __u32 poise_trace_line(const struct poise_table *table, __u64 position)
{
	return poise_trace_first(table) + 2 +
	       ((__u32)position & (POISE_TRACE_RECORDS - 1)) * POISE_TRACE_RECORD_LINES;
}

// Is this end the one that is looked for?
POISE_INLINE int poise_trace_end(const struct poise_trace_control *control, __be32 address, __be16 port)
{
	return (address & control->mask) == control->address && (!control->port || control->port == port);
}

// Is the packet one that somebody wants to see? `in` as it came, `out` as it left (the same when it did not).
POISE_INLINE int poise_trace_wanted(const struct poise_trace_control *control, const struct poise_key *in,
				    const struct poise_key *out, __u16 vip_index, __u16 backend_index,
				    enum poise_verdict verdict)
{
	if (control->drops && poise_verdict_kind(verdict) != POISE_KIND_DROP)
		return 0;
	if (control->vip_index != POISE_NONE16 && control->vip_index != vip_index)
		return 0;
	if (control->backend_index != POISE_NONE16 && control->backend_index != backend_index)
		return 0;
	return poise_trace_end(control, in->src, in->src_port) || poise_trace_end(control, in->dst, in->dst_port) ||
	       poise_trace_end(control, out->src, out->src_port) || poise_trace_end(control, out->dst, out->dst_port);
}
