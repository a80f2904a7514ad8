// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See swapper.h.
#include "swapper.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rig.h"

static void *swap(void *argument)
{
	const struct timespec pause = {.tv_nsec = 200000};
	struct swapper *swapper = argument;
	struct dp_dataplane *dataplane = swapper->dataplane;
	uint64_t generation = swapper->original->generation;

	for (uint32_t turn = 0; !__atomic_load_n(&swapper->stop, __ATOMIC_ACQUIRE); turn++) {
		struct poise_snapshot *copy = swapper->copies[turn & 1];

		memcpy(copy, swapper->original, sizeof(*copy));
		copy->generation = ++generation;
		if (dp_snapshot_check(copy, sizeof(*copy)))
			rig_die("snapshot", "does not pass its own check");
		POISE_STORE_RELEASE(dataplane->shared.snapshot, copy);
		swapper->swaps++;
		nanosleep(&pause, NULL);
		while (POISE_LOAD(dataplane->stats.page->worker[0].generation) != generation &&
		       !__atomic_load_n(&swapper->stop, __ATOMIC_ACQUIRE))
			nanosleep(&pause, NULL);
	}
	return NULL;
}

void swapper_start(struct swapper *swapper, struct dp_dataplane *dataplane)
{
	swapper->dataplane = dataplane;
	swapper->original = dataplane->snapshot;
	swapper->stop = false;
	for (int i = 0; i < 2; i++) {
		if (!swapper->copies[i])
			swapper->copies[i] =
				aligned_alloc(POISE_LINE_SIZE, (sizeof(struct poise_snapshot) + 63) & ~63ul);
		if (!swapper->copies[i])
			rig_die("snapshot", "no memory");
	}
	rig_thread(&swapper->thread, 0, swap, swapper);
}

void swapper_stop(struct swapper *swapper)
{
	if (!swapper->dataplane)
		return;
	__atomic_store_n(&swapper->stop, true, __ATOMIC_RELEASE);
	pthread_join(swapper->thread, NULL);
	POISE_STORE_RELEASE(swapper->dataplane->shared.snapshot, swapper->original);
	swapper->dataplane = NULL;
}
