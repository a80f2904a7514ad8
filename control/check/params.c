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

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

int cp_check_params_set(struct cp_check_params *params, const struct cp_service *service,
			const struct cp_backend *backend)
{
	const struct cp_health *health = &service->health;

	*params = (struct cp_check_params){
		.ops = ops_of(health->type),
		.address = backend->address,
		.port = backend->port ? backend->port : service->port,
		.expect_first = health->expect_first,
		.expect_last = health->expect_last,
		.interval_ms = health->interval_ms,
		.timeout_ms = health->timeout_ms,
		.rise = health->rise,
		.fall = health->fall,
	};
	if (health->port)
		params->port = health->port;
	if (health->type != CP_HEALTH_HTTP)
		return 0;
	params->path = strdup(health->path ? health->path : "/");
	params->host = health->host ? strdup(health->host) : NULL;
	return params->path && !health->host == !params->host ? 0 : -ENOMEM;
}

bool cp_check_params_same(const struct cp_check_params *a, const struct cp_check_params *b)
{
	return a->ops == b->ops && a->address == b->address && a->port == b->port &&
	       same_text(a->path, b->path) && same_text(a->host, b->host) &&
	       a->expect_first == b->expect_first && a->expect_last == b->expect_last &&
	       a->interval_ms == b->interval_ms && a->timeout_ms == b->timeout_ms && a->rise == b->rise &&
	       a->fall == b->fall;
}

void cp_check_params_fini(struct cp_check_params *params)
{
	free(params->path);
	free(params->host);
	params->path = params->host = NULL;
}
