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

static const struct cp_service *service_of(const struct cp_config *config, const char *name)
{
	for (uint32_t i = 0; i < config->services_count; i++)
		if (!strcmp(config->services[i].name, name))
			return &config->services[i];
	return NULL;
}

static bool is_standby(const struct cp_service *service, const char *name)
{
	for (uint32_t i = 0; i < service->backends_count; i++)
		if (!strcmp(service->backends[i].name, name))
			return service->backends[i].role != CP_ROLE_ACTIVE;
	return false;
}

// It serves, so its role was the right one and its lag was small. Else the service would be without backends until the
// first checks are done.
static void adopt_role(struct cp_backend_state *state, const struct cp_lifecycle *lifecycle)
{
	if (lifecycle->role_required == CP_NODE_UNKNOWN)
		return;
	state->node_role = lifecycle->role_required;
	state->lag_known = true;
}

void cp_states_adopt(struct cp_states *states, const struct cp_config *config, const struct poise_snapshot *snapshot,
		     uint64_t now_ns)
{
	for (uint32_t i = 0; i < snapshot->backends_count; i++) {
		const struct poise_backend *backend = &snapshot->backends[i];
		const struct cp_service *service;
		struct cp_backend_state *item;

		if (backend->flags & POISE_BACKEND_REMOVED || backend->vip >= snapshot->vips_count)
			continue;
		service = service_of(config, snapshot->vip_names[backend->vip]);
		item = service ? cp_states_find(states, service->name, snapshot->backend_names[i]) : NULL;
		if (!item)
			continue;
		if (backend->flags & POISE_BACKEND_UP) {
			cp_lifecycle_adopt(item);
			adopt_role(item, &service->lifecycle);
		} else if (service->health.type != CP_HEALTH_NONE && !item->draining && !item->disabled &&
			   item->weight && !is_standby(service, item->backend)) {
			item->ejected_ns = now_ns;
		}
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
