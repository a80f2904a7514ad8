// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Weights become the order in which the backends that serve are served.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile_step.h"
#include "sched/sched.h"

// Weights, and the share of those that start slowly. Returns whether any does.
static bool weigh(const struct cp_service *service, struct cp_sched_backend *chosen, uint32_t count)
{
	bool any = false;

	for (uint32_t i = 0; i < count; i++)
		any |= chosen[i].share && chosen[i].share < CP_SHARE_WHOLE;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t weight = service->scheduler == POISE_SCHEDULER_RR ? 1 : chosen[i].weight;

		if (any)
			weight *= chosen[i].share ? chosen[i].share : CP_SHARE_WHOLE;
		chosen[i].weight = (uint16_t)weight;
	}
	return any;
}

static int fill(struct cp_compile_step *step, const struct cp_service *service, struct cp_sched_backend *chosen,
		uint32_t count)
{
	struct poise_snapshot *out = step->out;
	struct cp_sched_service sched = {.backends = chosen, .count = count, .configured = service->backends_count};
	enum poise_scheduler scheduler = service->scheduler;

	for (uint32_t i = 0; i < count; i++)
		sched.expected += chosen[i].expected;
	if (weigh(service, chosen, count) && scheduler == POISE_SCHEDULER_RR)
		scheduler = POISE_SCHEDULER_WRR;
	return cp_sched_fill(scheduler, &sched, out->slots + out->slots_count, POISE_MAX_SLOTS - out->slots_count);
}

static int by_index(const void *left, const void *right)
{
	const struct cp_sched_backend *a = left, *b = right;

	return (a->index > b->index) - (a->index < b->index);
}

static int place(struct cp_compile_step *step, const struct cp_service *service, struct poise_vip *vip,
		 struct cp_sched_backend *chosen, uint32_t count)
{
	struct poise_snapshot *out = step->out;
	int filled;

	// Not in the order of the file: a file that is only sorted anew must give no backend an extra turn.
	qsort(chosen, count, sizeof(*chosen), by_index);
	filled = fill(step, service, chosen, count);
	if (filled < 0) {
		cp_report_add(step->report, step->config->file, service->line,
			      filled == -ENOSPC ? "the weights of service \"%s\" need more slots than there are, use "
						  "smaller weights or weights with a common divisor"
						: "service \"%s\" cannot be scheduled: out of memory",
			      service->name);
		return -1;
	}
	vip->slot_first = out->slots_count;
	vip->slot_count = (uint32_t)filled;
	out->slots_count += (uint32_t)filled;
	return 0;
}

// By index, like the backends of each: the order of the file must not show in the snapshot.
int cp_compile_slots(struct cp_compile_step *step)
{
	struct cp_sched_backend chosen[POISE_MAX_BACKENDS];
	const struct cp_config *config = step->config;
	uint32_t first[POISE_MAX_VIPS], backends = 0;
	uint16_t service_of[POISE_MAX_VIPS];

	memset(service_of, 0xff, sizeof(service_of));
	for (uint32_t i = 0; i < config->services_count; i++) {
		service_of[step->vip[i]] = (uint16_t)i;
		first[i] = backends;
		backends += config->services[i].backends_count;
	}
	for (uint32_t v = 0; v < POISE_MAX_VIPS; v++) {
		const struct cp_service *service;
		uint32_t count;

		if (service_of[v] == POISE_NONE16)
			continue;
		service = &config->services[service_of[v]];
		count = cp_compile_choose(step, service, step->backend + first[service_of[v]], chosen);
		if (place(step, service, &step->out->vips[v], chosen, count))
			return -1;
	}
	return 0;
}
