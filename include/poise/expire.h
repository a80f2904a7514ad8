// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// When a flow is over, and which flow makes room for another one. The dataplane sweeps; the XDP program, which
// nobody sweeps for, asks when it meets a flow and when a shard is full.
#pragma once

#include <poise/snapshot.h>
#include <poise/table_ops.h>

// Idle time of a state in this service. A service that has left the configuration has none any more: its flows
// live on by the defaults (RFC 5382 REQ-5).
POISE_INLINE __u32 poise_flow_timeout_ms(const struct poise_snapshot *snapshot, __u16 vip_index,
					 enum poise_flow_state state)
{
	enum poise_timeout which = poise_state_timeout(state);
	__u32 timeout = snapshot->vips[vip_index & (POISE_MAX_VIPS - 1)].timeout_ms[which];

	if (POISE_LIKELY(timeout))
		return timeout;
	if (which == POISE_TIMEOUT_HALF_OPEN)
		return 30 * 1000;
	return which == POISE_TIMEOUT_ESTABLISHED ? 7440 * 1000 : 240 * 1000;
}

// Is the flow's idle time over? The record holds a visible flow. Any reader.
POISE_INLINE int poise_flow_expired(const struct poise_snapshot *snapshot, const struct poise_flow *flow,
				    __u32 now_ms)
{
	__s32 idle = (__s32)(now_ms - POISE_LOAD(flow->last_seen_ms));

	// Negative: another writer's clock was read after ours.
	return idle > 0 && (__u32)idle >= poise_flow_timeout_ms(snapshot, flow->vip_index,
								(enum poise_flow_state)POISE_LOAD(flow->state));
}

struct poise_candidate {
	struct poise_found found; // number 0: none yet
	__u32 idle_ms;
	__u32 now_ms;
};

// Is this record a better flow to give up than the candidate? Then it becomes it. Returns 1 when there is no better one
// because its time is over anyway, which is asked only with a snapshot.
POISE_PART int poise_evict_look(const struct poise_table *table, const struct poise_snapshot *snapshot, __u32 number,
				struct poise_candidate *candidate)
{
	const struct poise_flow *flow;
	__u32 sequence;
	__s32 idle;
	int over;

	if (!table || !candidate)
		return 0;
	flow = poise_record(table, number);
	if (!flow)
		return 0;
	sequence = POISE_LOAD_ACQUIRE(flow->sequence);
	if (!poise_flow_visible(flow))
		return 0;
	over = snapshot && poise_flow_expired(snapshot, flow, candidate->now_ms);
	idle = (__s32)(candidate->now_ms - POISE_LOAD(flow->last_seen_ms));
	if (idle < 0)
		idle = 0;
	if (!over && (!poise_state_half_open((enum poise_flow_state)POISE_LOAD(flow->state)) ||
		      (candidate->found.number && (__u32)idle <= candidate->idle_ms)))
		return 0;
	candidate->found.number = number;
	candidate->found.sequence = sequence;
	candidate->idle_ms = (__u32)idle;
	return over;
}

// The flow of a full shard that makes room: the oldest half-open one among the next `window` records, else the first
// one further on up to `limit`. With a snapshot, the first one whose idle time is over goes before any other. Never
// an established flow. Returns its number with *found filled, or 0. Any writer; the window moves on with each call.
POISE_INLINE __u32 poise_evict_choose(const struct poise_table *table, const struct poise_snapshot *snapshot,
				      __u32 shard_index, __u32 now_ms, __u32 window, __u32 limit,
				      struct poise_found *found)
{
	struct poise_shard *shard = poise_shard(table, shard_index);
	__u32 first = (shard_index & (POISE_SHARDS - 1)) * table->records_per_shard + 1;
	struct poise_candidate candidate = { .now_ms = now_ms };
	__u32 top, next;

	found->number = 0;
	if (!shard)
		return 0;
	top = POISE_LOAD(shard->used_top);
	if (top > table->records_per_shard)
		top = table->records_per_shard;
	for (__u32 looked = 0; looked < limit; looked++) {
		if (looked >= top || (looked >= window && candidate.found.number))
			break;
		next = POISE_LOAD(shard->evict);
		if (next >= top)
			next = 0;
		POISE_STORE(shard->evict, next + 1);
		if (poise_evict_look(table, snapshot, first + next, &candidate))
			break;
	}
	*found = candidate.found;
	return found->number;
}
