// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Health, roles and the operator's wishes: who takes new flows, and whose flows are reset.
#include <string.h>

#include "compile_step.h"
#include "lifecycle.h"
#include "sched/sched.h"

// What speaks for a backend, the most first.
enum fitness {
	FIT,	// may serve
	RESORT, // the primary, for reads
	OPEN,	// only when all are down and the service fails open
	UNFIT,
};

// States usually come in the order of the config, so the next one is looked at before all.
static const struct cp_backend_state *find_state(struct cp_compile_step *step, const char *service,
						 const char *backend)
{
	const struct cp_states *states = step->states;
	uint32_t next = step->next_state;

	if (!states)
		return NULL;
	if (next < states->count && !strcmp(states->items[next].backend, backend) &&
	    !strcmp(states->items[next].service, service)) {
		step->next_state++;
		return &states->items[next];
	}
	return cp_states_find(states, service, backend);
}

static enum fitness database_fitness(const struct cp_lifecycle *lifecycle, const struct cp_backend_state *state)
{
	switch (lifecycle->role_required) {
	case CP_NODE_UNKNOWN:
		return FIT;
	case CP_NODE_PRIMARY:
		return state && state->node_role == CP_NODE_PRIMARY && !state->rival ? FIT : OPEN;
	case CP_NODE_REPLICA:
		break;
	}
	if (state && state->node_role == CP_NODE_PRIMARY)
		return lifecycle->primary_last_resort ? RESORT : OPEN;
	return state && state->node_role == CP_NODE_REPLICA && cp_lifecycle_lag_ok(lifecycle, state) ? FIT : OPEN;
}

// Notes weight and draining in the backend's entry.
static enum fitness judge(struct cp_compile_step *step, const struct cp_service *service,
			  const struct cp_backend *backend, const struct cp_backend_state *state, uint16_t index)
{
	struct poise_backend *entry = &step->out->backends[index];
	bool healthy = !step->states || service->health.type == CP_HEALTH_NONE;
	uint32_t weight = backend->weight;

	if (state) {
		healthy = state->healthy || state->held;
		if (state->weight >= 0)
			weight = state->weight < CP_MAX_WEIGHT ? (uint32_t)state->weight : CP_MAX_WEIGHT;
		if (state->draining)
			entry->flags |= POISE_BACKEND_DRAINING;
	}
	entry->weight = (uint16_t)weight;
	if (!weight || !step->backend_ready[index] || (state && (state->disabled || state->draining)))
		return UNFIT;
	return healthy ? database_fitness(&service->lifecycle, state) : OPEN;
}

// Flows of a backend in this state are not to go on.
static bool resetting(const struct cp_lifecycle *lifecycle, const struct cp_backend_state *state)
{
	if (!state)
		return false;
	if (state->draining && state->overdue)
		return true;
	if (state->known && !state->healthy && !state->held)
		return lifecycle->on_backend_down == CP_DOWN_RESET;
	return lifecycle->role_required == CP_NODE_PRIMARY && lifecycle->on_demotion == CP_DOWN_RESET &&
	       state->healthy && state->node_role == CP_NODE_REPLICA;
}

static void set_resetting(struct poise_snapshot *out, struct poise_backend *entry)
{
	struct poise_egress *egress = &out->egress[entry->egress];

	entry->flags |= POISE_BACKEND_RESETTING;
	out->flags |= POISE_SNAPSHOT_RESETS;
	if (egress->flags & POISE_EGRESS_KNOWN)
		egress->flags = (uint16_t)((egress->flags & ~POISE_EGRESS_KNOWN) | POISE_EGRESS_RESETTING);
}

// How many active backends are as fit as that, and whether any backend is.
static uint32_t actives(const struct cp_service *service, const uint8_t *fitness, enum fitness wanted, bool *any)
{
	uint32_t count = 0;

	*any = false;
	for (uint32_t i = 0; i < service->backends_count; i++) {
		*any |= fitness[i] == wanted;
		count += fitness[i] == wanted && service->backends[i].role == CP_ROLE_ACTIVE;
	}
	return count;
}

// The level that serves: the best that anybody reaches. OPEN only when the service says so.
static enum fitness level_of(const struct cp_service *service, const uint8_t *fitness, bool *standbys)
{
	enum fitness last = service->lifecycle.all_down == CP_ALL_DOWN_FAIL_OPEN ? OPEN : RESORT;

	for (enum fitness level = FIT; level <= last; level++) {
		bool any;
		uint32_t count = actives(service, fitness, level, &any);

		*standbys = level != FIT || count < service->lifecycle.min_active;
		if (any)
			return level;
	}
	return UNFIT;
}

uint32_t cp_compile_choose(struct cp_compile_step *step, const struct cp_service *service, const uint16_t *indices,
			   struct cp_sched_backend *chosen)
{
	const struct cp_backend_state *states[POISE_MAX_BACKENDS];
	uint8_t fitness[POISE_MAX_BACKENDS];
	enum fitness level;
	uint32_t count = 0;
	bool standbys;

	for (uint32_t i = 0; i < service->backends_count; i++) {
		states[i] = find_state(step, service->name, service->backends[i].name);
		fitness[i] = (uint8_t)judge(step, service, &service->backends[i], states[i], indices[i]);
	}
	level = level_of(service, fitness, &standbys);
	for (uint32_t i = 0; i < service->backends_count; i++) {
		struct poise_backend *entry = &step->out->backends[indices[i]];
		const struct cp_backend_state *state = states[i];

		if (level != UNFIT && fitness[i] == level &&
		    (standbys || service->backends[i].role == CP_ROLE_ACTIVE)) {
			entry->flags |= POISE_BACKEND_UP;
			chosen[count++] = (struct cp_sched_backend){
				.index = indices[i], .weight = entry->weight,
				.flows = state ? state->flows : 0, .expected = state ? state->expected : 0,
				.share = state ? state->share : 0,
				.key = (uint64_t)POISE_HOST32(entry->address) << 16 | POISE_HOST16(entry->port)};
		} else if (resetting(&service->lifecycle, state)) {
			set_resetting(step->out, entry);
		}
	}
	return count;
}
