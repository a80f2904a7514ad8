// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static const struct cp_check_ops *ops_of(enum cp_health_type type)
{
	switch (type) {
#define CP_CHECK(TYPE, name)   \
	case CP_HEALTH_##TYPE: \
		return &cp_check_##name;
#include "checks.def"
#undef CP_CHECK
	default:
		return NULL;
	}
}

// A certificate is for a name, so the port of a Host header is cut off.
static int name_from_host(struct cp_health *settings)
{
	settings->server_name = strdup(settings->host);
	if (!settings->server_name)
		return -ENOMEM;
	settings->server_name[strcspn(settings->server_name, ":")] = '\0';
	return 0;
}

int cp_check_params_set(struct cp_check_params *params, const struct cp_service *service,
			const struct cp_backend *backend)
{
	struct cp_health *settings = &params->settings;

	*params = (struct cp_check_params){
		.ops = ops_of(service->health.type),
		.address = backend->address,
		.port = backend->port ? backend->port : service->port,
	};
	if (service->health.port)
		params->port = service->health.port;
	if (cp_health_copy(settings, &service->health))
		return -ENOMEM;
	settings->port = 0; // is in params->port
	if (settings->type == CP_HEALTH_HTTPS && !settings->server_name && settings->host)
		return name_from_host(settings);
	return 0;
}

bool cp_check_params_same(const struct cp_check_params *a, const struct cp_check_params *b)
{
	return a->ops == b->ops && a->address == b->address && a->port == b->port &&
	       cp_health_same(&a->settings, &b->settings);
}

void cp_check_params_fini(struct cp_check_params *params)
{
	cp_health_free(&params->settings);
}
