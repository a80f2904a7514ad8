// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <errno.h>
#include <stdlib.h>

#include "sched.h"

static uint32_t divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

// Smooth weighted round robin: in each turn every backend earns its weight, the richest is served and pays
// what all have earned. After sum/divisor turns all stand where they began, and no backend was served in a
// lump.
int cp_sched_wrr(const struct cp_sched_service *service, uint16_t *slots, uint32_t room)
{
	const struct cp_sched_backend *backends = service->backends;
	uint32_t count = service->count;
	uint32_t common = 0, turns = 0;
	int32_t *earned, *weight;

	for (uint32_t i = 0; i < count; i++) {
		common = divisor(common, backends[i].weight);
		turns += backends[i].weight;
	}
	if (!common)
		return 0;
	turns /= common;
	if (turns > room)
		return -ENOSPC;
	earned = calloc(2 * (size_t)count, sizeof(*earned));
	if (!earned)
		return -ENOMEM;
	weight = earned + count;
	for (uint32_t i = 0; i < count; i++)
		weight[i] = (int32_t)(backends[i].weight / common);
	for (uint32_t turn = 0; turn < turns; turn++) {
		uint32_t richest = 0;

		for (uint32_t i = 0; i < count; i++) {
			earned[i] += weight[i];
			if (earned[i] > earned[richest])
				richest = i;
		}
		earned[richest] -= (int32_t)turns;
		slots[turn] = backends[richest].index;
	}
	free(earned);
	return (int)turns;
}
