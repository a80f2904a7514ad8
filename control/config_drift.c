// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "config_drift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libconfig.h>

uint32_t cp_drift_weight(const struct cp_config *config, const struct cp_backend_state *state)
{
	for (uint32_t i = 0; i < config->services_count; i++) {
		const struct cp_service *service = &config->services[i];

		for (uint32_t j = 0; !strcmp(service->name, state->service) && j < service->backends_count; j++)
			if (!strcmp(service->backends[j].name, state->backend))
				return service->backends[j].weight;
	}
	return 0;
}

static void set_weight(config_setting_t *backend, int weight)
{
	config_setting_t *setting = config_setting_get_member(backend, "weight");

	if (!setting)
		setting = config_setting_add(backend, "weight", CONFIG_TYPE_INT);
	if (setting)
		config_setting_set_int(setting, weight);
}

static void write_backends(config_setting_t *service, const struct cp_states *states)
{
	config_setting_t *backends = config_setting_get_member(service, "backends"), *backend;
	const char *name = "", *owner = "";
	const struct cp_backend_state *state;

	config_setting_lookup_string(service, "name", &owner);
	for (unsigned i = 0; backends && (backend = config_setting_get_elem(backends, i)); i++) {
		state = config_setting_lookup_string(backend, "name", &name) ? cp_states_find(states, owner, name)
									      : NULL;
		if (state && (state->draining || state->disabled))
			set_weight(backend, 0);
		else if (state && state->weight >= 0)
			set_weight(backend, (int)state->weight);
	}
}

char *cp_drift_text(const struct cp_config *config, const struct cp_states *states)
{
	config_setting_t *services, *service;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	config_t tree;
	bool good;

	if (!out)
		return NULL;
	config_init(&tree);
	good = config_read_string(&tree, config->text);
	services = good ? config_lookup(&tree, "services") : NULL;
	for (unsigned i = 0; services && (service = config_setting_get_elem(services, i)); i++)
		write_backends(service, states);
	if (good)
		config_write(&tree, out);
	config_destroy(&tree);
	if (fclose(out) || !good) {
		free(text);
		return NULL;
	}
	return text;
}
