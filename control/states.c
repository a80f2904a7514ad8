// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "states.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "lifecycle.h"

static uint32_t count_backends(const struct cp_config *config)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < config->services_count; i++)
		count += config->services[i].backends_count;
	return count;
}

int cp_states_sync(struct cp_states *states, const struct cp_config *config, bool healthy)
{
	uint32_t count = count_backends(config), used = 0;
	struct cp_backend_state *items = calloc(count ? count : 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	for (uint32_t i = 0; i < config->services_count; i++) {
		const struct cp_service *service = &config->services[i];

		for (uint32_t j = 0; j < service->backends_count; j++) {
			const char *name = service->backends[j].name;
			const struct cp_backend_state *old = cp_states_find(states, service->name, name);
			struct cp_backend_state *item = &items[used++];

			if (old) {
				*item = *old;
			} else {
				strcpy(item->service, service->name); // same size, terminated
				strcpy(item->backend, name);
				item->weight = -1;
				item->healthy = healthy;
			}
			if (service->health.type == CP_HEALTH_NONE)
				item->healthy = true;
			if (!old && item->healthy && healthy)
				cp_lifecycle_adopt(item);
		}
	}
	free(states->items);
	states->items = items;
	states->count = used;
	return 0;
}

void cp_states_adopt(struct cp_states *states, const struct poise_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->backends_count; i++) {
		const struct poise_backend *backend = &snapshot->backends[i];
		struct cp_backend_state *item;

		if (!(backend->flags & POISE_BACKEND_UP) || backend->vip >= snapshot->vips_count)
			continue;
		item = cp_states_find(states, snapshot->vip_names[backend->vip],
				      snapshot->backend_names[i]);
		if (item)
			cp_lifecycle_adopt(item);
	}
}

bool cp_health_report(struct cp_backend_state *state, const struct cp_health_report *report, bool healthy)
{
	bool changed = state->healthy != healthy || !state->known;

	state->known = true;
	state->healthy = healthy;
	if (!report->good)
		return changed;
	changed |= state->node_role != report->role || state->lag_known != report->lag_known;
	state->node_role = report->role;
	state->lag_known = report->lag_known;
	state->lag_bytes = report->lag_bytes;
	state->lag_ms = report->lag_ms;
	return changed;
}

void cp_states_fini(struct cp_states *states)
{
	free(states->items);
	memset(states, 0, sizeof(*states));
}

struct cp_backend_state *cp_app_state(struct cp_app *app, const char *service, const char *backend)
{
	return cp_states_find(&app->states, service, backend);
}
