// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdlib.h>

#include "config_parts.h"

static const struct cp_choice roles[] = {
	{ "active", CP_ROLE_ACTIVE, true },
	{ "standby", CP_ROLE_STANDBY, true },
};

static void parse_backend(const struct cp_read *service_read, config_setting_t *setting, uint32_t index,
			  const struct cp_service *service, struct cp_backend *backend)
{
	int role = CP_ROLE_ACTIVE;
	struct cp_read read;
	char title[64];

	cp_read_title(title, sizeof(title), "backend", setting, index);
	cp_read_begin(&read, service_read, setting, "%s", title);
	backend->line = read.line;
	backend->port = service->port;
	backend->weight = 1;
	cp_read_name(&read, backend->name);
	if (cp_read_required(&read, "address"))
		cp_read_address(&read, "address", &backend->address);
	cp_read_port(&read, "port", &backend->port);
	cp_read_number(&read, "weight", 0, CP_MAX_WEIGHT, &backend->weight);
	cp_read_choice(&read, "role", roles, POISE_COUNT(roles), &role);
	backend->role = (enum cp_role)role;
	cp_read_end(&read);
}

void cp_parse_backends(struct cp_read *service_read, struct cp_service *service, uint32_t *room)
{
	config_setting_t *list;
	uint32_t count;

	if (!cp_read_required(service_read, "backends"))
		return;
	list = cp_read_list(service_read, "backends", *room, &count);
	if (list && !config_setting_length(list))
		cp_read_fail(service_read, "backends", "%s has no backends, add one", service_read->where);
	if (!count)
		return;
	service->backends = calloc(count, sizeof(*service->backends));
	if (!service->backends) {
		cp_read_fail(service_read, "backends", "out of memory");
		return;
	}
	service->backends_count = count;
	*room -= count;
	for (uint32_t i = 0; i < count; i++)
		parse_backend(service_read, config_setting_get_elem(list, i), i, service,
			      &service->backends[i]);
}
