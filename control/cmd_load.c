// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "cmd.h"
#include "view.h"

#define SAMPLE_NS 1000000000u

void cp_load_sample(struct cp_load *load, const struct cp_dataplane_link *dataplane, uint64_t now_ns)
{
	struct cp_load_sample *sample = &load->samples[0];

	if (sample->at_ns && now_ns - sample->at_ns < SAMPLE_NS * 9 / 10)
		return;
	load->samples[1] = *sample;
	*sample = (struct cp_load_sample){.at_ns = now_ns};
	for (uint32_t w = 0; w < cp_view_workers(dataplane); w++) {
		const struct poise_stats_worker *worker = &dataplane->stats->worker[w];

		sample->loops[w] = POISE_LOAD(worker->loops);
		sample->busy_loops[w] = POISE_LOAD(worker->busy_loops);
		sample->idle_ns[w] = POISE_LOAD(worker->idle_ns);
	}
}

// Loops with packets are not time: a worker that sleeps between two busy loops is idle all the same.
double cp_load_busy(const struct cp_load *load, const struct cp_dataplane_link *dataplane, uint32_t worker,
		    uint64_t now_ns)
{
	const struct poise_stats_worker *slot = &dataplane->stats->worker[worker];
	struct cp_load_sample since = load ? load->samples[1] : (struct cp_load_sample){0};
	uint64_t loops = POISE_LOAD(slot->loops), busy = POISE_LOAD(slot->busy_loops);
	uint64_t idle_ns = POISE_LOAD(slot->idle_ns), elapsed_ns;
	double share, awake;

	// No sample yet, or of a dataplane that is gone: since the start.
	if (!since.at_ns || since.at_ns >= now_ns || since.at_ns < dataplane->stats->started_ns ||
	    loops < since.loops[worker])
		since = (struct cp_load_sample){.at_ns = dataplane->stats->started_ns};
	elapsed_ns = now_ns - since.at_ns;
	loops -= since.loops[worker];
	busy -= since.busy_loops[worker];
	idle_ns -= since.idle_ns[worker];
	if (!loops || !elapsed_ns || now_ns <= since.at_ns)
		return 0;
	share = busy < loops ? (double)busy / (double)loops : 1;
	awake = idle_ns < elapsed_ns ? 1 - (double)idle_ns / (double)elapsed_ns : 0;
	return share * awake;
}
