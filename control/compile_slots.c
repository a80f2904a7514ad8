// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Health, weights, roles and the operator's wishes become the order in which backends are served.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile_step.h"
#include "sched/sched.h"

// States usually come in the order of the config, so the next one is looked at before all.
static const struct cp_backend_state *find_state(struct cp_compile_step *step, const char *service,
						 const char *backend)
{
	const struct cp_states *states = step->states;
	uint32_t next = step->next_state;

	if (next < states->count && !strcmp(states->items[next].backend, backend) &&
	    !strcmp(states->items[next].service, service)) {
		step->next_state++;
		return &states->items[next];
	}
	return cp_states_find(states, service, backend);
}

// Does a backend take new flows, role apart? Notes weight and draining in its entry.
static bool eligible(struct cp_compile_step *step, const struct cp_service *service,
		     const struct cp_backend *backend, uint16_t index)
{
	const struct cp_backend_state *state = NULL;
	struct poise_backend *entry = &step->out->backends[index];
	bool healthy = !step->states || service->health.type == CP_HEALTH_NONE;
	uint32_t weight = backend->weight;

	if (step->states)
		state = find_state(step, service->name, backend->name);
	if (state) {
		healthy = state->healthy;
		if (state->weight >= 0)
			weight = state->weight < CP_MAX_WEIGHT ? (uint32_t)state->weight : CP_MAX_WEIGHT;
		if (state->draining)
			entry->flags |= POISE_BACKEND_DRAINING;
	}
	entry->weight = (uint16_t)weight;
	return healthy && weight && step->backend_ready[index] && !(state && (state->disabled || state->draining));
}

static int by_index(const void *left, const void *right)
{
	const struct cp_sched_backend *a = left, *b = right;

	return (a->index > b->index) - (a->index < b->index);
}

// The backends of one service that serve: the active ones, or the standbys when there are none.
static uint32_t choose(struct cp_compile_step *step, const struct cp_service *service, const uint16_t *indices,
		       struct cp_sched_backend *chosen)
{
	bool good[POISE_MAX_BACKENDS];
	enum cp_role role = CP_ROLE_STANDBY;
	uint32_t count = 0;

	for (uint32_t i = 0; i < service->backends_count; i++) {
		good[i] = eligible(step, service, &service->backends[i], indices[i]);
		if (good[i] && service->backends[i].role == CP_ROLE_ACTIVE)
			role = CP_ROLE_ACTIVE;
	}
	for (uint32_t i = 0; i < service->backends_count; i++) {
		struct poise_backend *entry = &step->out->backends[indices[i]];

		if (!good[i] || service->backends[i].role != role)
			continue;
		entry->flags |= POISE_BACKEND_UP;
		chosen[count++] = (struct cp_sched_backend){ indices[i], entry->weight };
	}
	// Not in the order of the file: a file that is only sorted anew must give no backend an extra turn.
	qsort(chosen, count, sizeof(*chosen), by_index);
	return count;
}

static int fill(struct cp_compile_step *step, const struct cp_service *service, struct poise_vip *vip,
		const uint16_t *indices)
{
	struct cp_sched_backend chosen[POISE_MAX_BACKENDS];
	struct poise_snapshot *out = step->out;
	uint32_t count = choose(step, service, indices, chosen);
	int filled = cp_sched_fill(service->scheduler, chosen, count, out->slots + out->slots_count,
				   POISE_MAX_SLOTS - out->slots_count);

	if (filled < 0) {
		cp_report_add(step->report, step->config->file, service->line,
			      filled == -ENOSPC ?
				      "the weights of service \"%s\" need more slots than there are, use "
				      "smaller weights or weights with a common divisor" :
				      "service \"%s\" cannot be scheduled: out of memory",
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
		uint16_t i = service_of[v];

		if (i != POISE_NONE16 &&
		    fill(step, &config->services[i], &step->out->vips[v], step->backend + first[i]))
			return -1;
	}
	return 0;
}
