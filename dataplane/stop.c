// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Ending the workers so that no packet is left in between.
#include <time.h>

#include <rte_launch.h>

#include "dataplane.h"

#define DP_STOP_MS 100u	 // at most for each step
#define DP_QUIET_MS 3u	 // the devices are empty when nothing came for so long

static void pause_ms(struct dp_dataplane *dataplane, uint32_t ms)
{
	const struct timespec rest = { .tv_nsec = 1000000 };

	for (uint32_t i = 0; i < ms; i++) {
		if (dataplane->inside)
			for (int turn = 0; turn < 64; turn++)
				dp_worker_turn(dataplane->workers[0]);
		nanosleep(&rest, NULL);
	}
}

static bool rings_empty(const struct dp_dataplane *dataplane)
{
	const struct dp_worker *any = dataplane->workers[0];

	for (uint32_t w = 0; w < dataplane->workers_count; w++)
		if (!rte_ring_empty(any->handoff_rings[w]) || !rte_ring_empty(any->transmit_rings[w]))
			return false;
	return true;
}

// Let every worker make two whole turns: what it had in its hands is in a ring or gone.
static void wait_turns(struct dp_dataplane *dataplane)
{
	uint64_t loops[POISE_MAX_WORKERS];

	for (uint32_t w = 0; w < dataplane->workers_count; w++)
		loops[w] = POISE_LOAD(dataplane->stats.page->worker[w].loops);
	for (uint32_t waited = 0; waited < DP_STOP_MS; waited++) {
		uint32_t done = 0;

		for (uint32_t w = 0; w < dataplane->workers_count; w++)
			done += POISE_LOAD(dataplane->stats.page->worker[w].loops) - loops[w] >= 2;
		if (done == dataplane->workers_count)
			return;
		pause_ms(dataplane, 1);
	}
}

void dp_dataplane_stop(struct dp_dataplane *dataplane)
{
	unsigned long long received = dp_stats_received(&dataplane->stats);

	if (!dataplane->running)
		return;
	dp_dataplane_close_gates(dataplane);
	for (uint32_t waited = 0, quiet = 0; waited < DP_STOP_MS && quiet < DP_QUIET_MS; waited++) {
		unsigned long long now;

		pause_ms(dataplane, 1);
		now = dp_stats_received(&dataplane->stats);
		quiet = now == received ? quiet + 1 : 0;
		received = now;
	}
	POISE_STORE(dataplane->shared.phase, DP_PHASE_DRAIN);
	for (uint32_t waited = 0; waited < DP_STOP_MS; waited++) {
		wait_turns(dataplane);
		if (rings_empty(dataplane))
			break;
	}
	wait_turns(dataplane);
	POISE_STORE(dataplane->shared.phase, DP_PHASE_EXIT);
	rte_eal_mp_wait_lcore();
	if (dataplane->inside)
		POISE_STORE(dataplane->workers[0]->stats->running, 0);
	dataplane->running = false;
}
