// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "plan.h"

#include <string.h>

const char *cp_fate_name(enum cp_fate fate)
{
	static const char *const names[CP_FATES] = {"untouched", "moved", "drained", "reset"};

	return fate < CP_FATES ? names[fate] : "unknown";
}

static const struct cp_service *find_service(const struct cp_config *config, const char *name)
{
	for (uint32_t i = 0; i < config->services_count; i++)
		if (!strcmp(config->services[i].name, name))
			return &config->services[i];
	return NULL;
}

static const struct cp_backend *find_backend(const struct cp_service *service, const struct cp_view_backend *row)
{
	for (uint32_t i = 0; service && i < service->backends_count; i++) {
		const struct cp_backend *backend = &service->backends[i];

		if (!strcmp(backend->name, row->name) && backend->address == row->address && backend->port == row->port)
			return backend;
	}
	return NULL;
}

enum cp_fate cp_plan_fate(const struct cp_config *before, const struct cp_config *after,
			  const struct cp_view_backend *row)
{
	const struct cp_service *old = find_service(before, row->service), *new = find_service(after, row->service);

	// The data path would no longer be asked for packets to the old address.
	if (old && new && (old->vip != new->vip || old->port != new->port))
		return CP_FATE_RESET;
	if (row->state == CP_VIEW_REMOVED || find_backend(new, row))
		return CP_FATE_UNTOUCHED;
	return CP_FATE_DRAINED;
}

void cp_plan(const struct cp_config *before, const struct cp_config *after, const struct cp_view *view,
	     struct cp_plan *plan)
{
	memset(plan, 0, sizeof(*plan));
	for (uint32_t i = 0; i < view->backends_count; i++)
		plan->flows[cp_plan_fate(before, after, &view->backends[i])] += view->backends[i].traffic.flows_active;
}
