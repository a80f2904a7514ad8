// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdlib.h>

#include "config.h"

void cp_config_free(struct cp_config *config)
{
	if (!config)
		return;
	free(config->dataplane.cores);
	for (uint32_t i = 0; i < config->dataplane.eal_count; i++)
		free(config->dataplane.eal[i]);
	for (uint32_t i = 0; i < config->ports_count; i++)
		free(config->ports[i].vdev);
	for (uint32_t i = 0; i < config->services_count; i++) {
		struct cp_service *service = &config->services[i];

		free(service->backends);
		cp_health_free(&service->health);
		free(service->access.allow.items);
		free(service->access.deny.items);
	}
	free(config->services);
	free(config->neighbors);
	free(config->file);
	free(config->text);
	free(config);
}
