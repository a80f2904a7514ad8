// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "lifecycle_count.h"

#include <string.h>

#include "flow_counts.h"
#include "view.h"

bool cp_lifecycle_counts(const struct cp_config *config)
{
	for (uint32_t i = 0; i < config->services_count; i++)
		if (config->services[i].scheduler == POISE_SCHEDULER_LC)
			return true;
	return false;
}

static bool same(const struct cp_app *app, uint32_t index, const struct cp_backend_state *state)
{
	const struct poise_backend *entry = &app->snapshot->backends[index];

	return !(entry->flags & POISE_BACKEND_REMOVED) && entry->vip < POISE_MAX_VIPS &&
	       !strncmp(app->snapshot->backend_names[index], state->backend, POISE_NAME_SIZE) &&
	       !strncmp(app->snapshot->vip_names[entry->vip], state->service, POISE_NAME_SIZE);
}

// States and the snapshot's backends come in the same order nearly always.
static uint32_t find(const struct cp_app *app, const struct cp_backend_state *state, uint32_t hint)
{
	uint32_t count = app->snapshot->backends_count;

	for (uint32_t i = 0; i < count; i++)
		if (same(app, (hint + i) % count, state))
			return (hint + i) % count;
	return POISE_NONE16;
}

void cp_lifecycle_count(struct cp_app *app)
{
	uint64_t now_ns = cp_view_now_ns();
	uint32_t index = 0;

	if (!app->snapshot)
		return;
	for (uint32_t i = 0; i < app->states.count; i++) {
		struct cp_backend_state *state = &app->states.items[i];
		struct cp_view_traffic traffic;
		uint64_t fresh;

		index = find(app, state, index);
		if (index == POISE_NONE16)
			continue;
		cp_view_traffic(&app->dataplane, index, &traffic);
		fresh = traffic.flows_created > state->created ? traffic.flows_created - state->created : 0;
		state->flows = app->dataplane.counts ? cp_flow_counts(app->dataplane.counts, index, now_ns) : 0;
		state->expected = fresh < 1000000 && state->created ? (uint32_t)fresh : 0;
		state->created = traffic.flows_created;
		index++;
	}
}
