// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See stand_in.h.
#include "stand_in.h"

static uint32_t late_workers(const struct dp_worker *worker)
{
	uint64_t limit_ns = 4 * worker->burst.snapshot->heartbeat_ns;
	uint32_t late = 0;

	if (limit_ns < DP_STAND_IN_NS)
		limit_ns = DP_STAND_IN_NS;
	for (uint32_t other = 0; other < worker->workers; other++) {
		uint64_t beat_ns = POISE_LOAD(poise_heartbeat(&worker->table, other)->beat_ns);

		if (other != worker->index && beat_ns + limit_ns < worker->now_ns)
			late |= 1u << other;
	}
	return late;
}

void dp_stand_in_look(struct dp_worker *worker)
{
	uint32_t late = late_workers(worker);

	if (POISE_LIKELY(late == worker->stands_in))
		return;
	worker->stands_in = late;
	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		worker->owners[shard] = late >> worker->homes[shard] & 1 ? (uint8_t)worker->index :
									   worker->homes[shard];
}
