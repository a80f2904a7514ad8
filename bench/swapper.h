// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Publishes one new generation after the other from a thread of its own, as the main lcore does on a reload: copy,
// check, release store, a short rest. The worker is seen to take each one up before the memory of the last but one is
// used again.
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "../dataplane/dataplane.h"

struct swapper {
	struct dp_dataplane *dataplane; // NULL while it does not run
	struct poise_snapshot *copies[2];
	const struct poise_snapshot *original;
	pthread_t thread;
	bool stop;
	unsigned int swaps;
};

void swapper_start(struct swapper *swapper, struct dp_dataplane *dataplane);

// Nothing when it does not run. The first snapshot is in use again afterwards.
void swapper_stop(struct swapper *swapper);
