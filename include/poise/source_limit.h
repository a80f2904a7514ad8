// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// How much one source may have of a service: new flows a second, and flows at the same time. Counted in two cells that
// a keyed hash of source and service names, so the memory is bounded, nothing is ever displaced, and a source that is
// over its limit stays over it whatever others do. Sources that meet in a cell are counted there together: a source is
// refused only when both of its cells say so. docs/decisions/0021-sources-share-cells.md
//
// Only where flows are made and removed: a packet of a flow costs nothing. Any writer; atomic operations, no lock.
#pragma once

#include <poise/snapshot.h>
#include <poise/table.h>
#include <poise/verdict.h>

#define POISE_SOURCE_TICK 1024u			   // a millisecond, in the unit of next_due
#define POISE_SOURCE_WINDOW (1000 * POISE_SOURCE_TICK) // how far ahead a source may be: a second's flows at once

// Which cells are a source's, in both rows.
POISE_INLINE __u64 poise_source_hash(const struct poise_table *table, __be32 source, __u16 vip_index)
{
	return poise_mix(table->seed, 1ull << 63 | (__u64)source << 16 | vip_index);
}

POISE_INLINE struct poise_source_cell *poise_source_cell(const struct poise_table *table, __u64 hash, __u32 row)
{
	__u32 first = poise_source_first(table);
	__u32 lines = (table->bucket_first - first) / POISE_SOURCE_ROWS;
	__u64 part = row ? hash >> 32 : (__u32)hash;
	__u32 cell = (__u32)(part * (lines * POISE_SOURCE_CELLS) >> 32);
	__u32 number = first + row * lines + cell / POISE_SOURCE_CELLS;
	struct poise_source_line *line = POISE_TABLE_LINE(table, number);

	return line ? &line->cells[cell & (POISE_SOURCE_CELLS - 1)] : NULL;
}

// How far the cell is ahead of time; 0 is the time of a cell that was never used. What is further ahead than can be,
// the clocks of two writers being a little apart, is from before the last wrap, 70 minutes ago, and means nothing.
POISE_INLINE __u32 poise_source_ahead(__u32 next_due, __u32 now)
{
	__u32 ahead = next_due - now;

	return !next_due || ahead > POISE_SOURCE_WINDOW + 32 * POISE_SOURCE_TICK ? 0 : ahead;
}

// One more new flow. Sources that meet here do not push each other further ahead than one alone may be.
POISE_INLINE void poise_source_charge(struct poise_source_cell *cell, __u32 now, __u32 interval)
{
	for (int attempt = 0; attempt < 4; attempt++) { // lost to quicker writers it is one flow too few
		__u32 before = POISE_LOAD(cell->next_due);
		__u32 ahead = poise_source_ahead(before, now) + interval;

		if (ahead > POISE_SOURCE_WINDOW)
			ahead = POISE_SOURCE_WINDOW;
		if (POISE_CAS(&cell->next_due, before, now + ahead ? now + ahead : 1) == before)
			break;
	}
}

POISE_INLINE int poise_source_has(const struct poise_source_cell *cell, __u32 most)
{
	return (__s32)POISE_LOAD(cell->flows) >= (__s32)most; // below 0 after a mishap is as good as none
}

// Forget a flow of the source that was counted.
POISE_PART int poise_source_leave(const struct poise_table *table, __be32 source, __u32 vip_index)
{
	__u64 hash;

	if (!table)
		return 0;
	hash = poise_source_hash(table, source, (__u16)vip_index);
	POISE_NO_UNROLL
	for (__u32 row = 0; row < POISE_SOURCE_ROWS; row++) {
		struct poise_source_cell *cell = poise_source_cell(table, hash, row);

		if (cell)
			POISE_FETCH_ADD(&cell->flows, -1);
	}
	return 0;
}

// May this source have one more flow of the service? On POISE_FORWARDED it is counted, until poise_source_leave() or
// poise_source_refund(); else it is POISE_SOURCE_RATE or POISE_SOURCE_FLOWS and nothing has changed.
POISE_PART int poise_source_enter(const struct poise_table *table, const struct poise_vip *vip, __be32 source,
				  __u32 vip_index, __u32 now_ms)
{
	struct poise_source_cell *one, *two;
	__u32 interval, most, now = now_ms * POISE_SOURCE_TICK;
	__u64 hash;

	if (!table || !vip)
		return POISE_FORWARDED;
	interval = vip->source_interval;
	most = vip->source_flows;
	hash = poise_source_hash(table, source, (__u16)vip_index);
	one = poise_source_cell(table, hash, 0);
	two = poise_source_cell(table, hash, 1);
	if (!one || !two)
		return POISE_FORWARDED;
	if (interval && poise_source_ahead(POISE_LOAD(one->next_due), now) + interval > POISE_SOURCE_WINDOW &&
	    poise_source_ahead(POISE_LOAD(two->next_due), now) + interval > POISE_SOURCE_WINDOW)
		return POISE_SOURCE_RATE;
	if (most) {
		__s32 first, second;

		if (poise_source_has(one, most) && poise_source_has(two, most))
			return POISE_SOURCE_FLOWS;
		// Counted first, so that of several writers none goes over the limit.
		first = (__s32)POISE_FETCH_ADD(&one->flows, 1);
		second = (__s32)POISE_FETCH_ADD(&two->flows, 1);
		if (first >= (__s32)most && second >= (__s32)most) {
			POISE_FETCH_ADD(&one->flows, -1);
			POISE_FETCH_ADD(&two->flows, -1);
			return POISE_SOURCE_FLOWS;
		}
	}
	if (interval) {
		poise_source_charge(one, now, interval);
		poise_source_charge(two, now, interval);
	}
	return POISE_FORWARDED;
}

// Take back what poise_source_enter() counted: the flow was not made.
POISE_PART int poise_source_refund(const struct poise_table *table, const struct poise_vip *vip, __be32 source,
				   __u32 vip_index)
{
	__u64 hash;

	if (!table || !vip)
		return 0;
	hash = poise_source_hash(table, source, (__u16)vip_index);
	POISE_NO_UNROLL
	for (__u32 row = 0; row < POISE_SOURCE_ROWS; row++) {
		struct poise_source_cell *cell = poise_source_cell(table, hash, row);

		if (!cell)
			continue;
		if (vip->source_flows)
			POISE_FETCH_ADD(&cell->flows, -1);
		if (vip->source_interval)
			POISE_FETCH_ADD(&cell->next_due, 0u - vip->source_interval);
	}
	return 0;
}
