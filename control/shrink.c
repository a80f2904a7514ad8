// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "shrink.h"

#include <stdio.h>
#include <string.h>

static const struct cp_service *find(const struct cp_config *config, const char *name)
{
	for (uint32_t i = 0; i < config->services_count; i++)
		if (!strcmp(config->services[i].name, name))
			return &config->services[i];
	return NULL;
}

static bool has(const struct cp_service *service, const char *name)
{
	for (uint32_t i = 0; service && i < service->backends_count; i++)
		if (!strcmp(service->backends[i].name, name))
			return true;
	return false;
}

bool cp_shrinks(const struct cp_config *before, const struct cp_config *after, char *text, size_t size)
{
	uint32_t services = 0, backends = 0, backends_gone = 0;

	for (uint32_t i = 0; before && i < before->services_count; i++) {
		const struct cp_service *service = find(after, before->services[i].name);

		services += !service;
		for (uint32_t j = 0; j < before->services[i].backends_count; j++) {
			backends++;
			backends_gone += !has(service, before->services[i].backends[j].name);
		}
	}
	if (!before || !before->services_count)
		return false;
	if (2 * services > before->services_count)
		snprintf(text, size, "%u of %u services would be gone", services, before->services_count);
	else if (2 * backends_gone > backends)
		snprintf(text, size, "%u of %u backends would be gone", backends_gone, backends);
	else
		return false;
	return true;
}
