// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Least connections. The flows that each backend has were counted just now; the slots are the order in which the flows
// of the next moment go, each to the backend that has the fewest for its weight by then.
// docs/decisions/0014-least-connections-by-slots.md
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "sched.h"

// Flows so near to each other are as good as equal: then the turn is by weight, and stays the same.
static bool level(const struct cp_sched_service *service)
{
	double least = 0, most = 0;

	for (uint32_t i = 0; i < service->count; i++) {
		double load = (double)service->backends[i].flows / service->backends[i].weight;

		if (!i || load < least)
			least = load;
		if (!i || load > most)
			most = load;
	}
	return most - least <= 1 + least / 50;
}

int cp_sched_lc(const struct cp_sched_service *service, uint16_t *slots, uint32_t room)
{
	uint32_t count = service->expected, each = 1;
	uint64_t *flows;

	if (room > CP_LC_SLOTS)
		room = CP_LC_SLOTS;
	if (level(service))
		return cp_sched_wrr(service, slots, room);
	if (count < service->count)
		count = service->count;
	while (count / each > room)
		each++;
	count /= each;
	flows = calloc(service->count, sizeof(*flows));
	if (!flows)
		return -ENOMEM;
	for (uint32_t i = 0; i < service->count; i++)
		flows[i] = service->backends[i].flows;
	for (uint32_t slot = 0; slot < count; slot++) {
		uint32_t best = 0;

		for (uint32_t i = 1; i < service->count; i++)
			if ((flows[i] + 1) * service->backends[best].weight <
			    (flows[best] + 1) * service->backends[i].weight)
				best = i;
		flows[best] += each;
		slots[slot] = service->backends[best].index;
	}
	free(flows);
	return (int)count;
}
