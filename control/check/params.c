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

// *to becomes a copy of `text`, or NULL when there is none.
static int copy(char **to, const char *text)
{
	*to = text ? strdup(text) : NULL;
	return text && !*to ? -ENOMEM : 0;
}

static int set_http(struct cp_check_params *params, const struct cp_health *health)
{
	return copy(&params->path, health->path ? health->path : "/") || copy(&params->host, health->host) ?
		       -ENOMEM :
		       0;
}

// A certificate is for a name, so the port of a Host header is cut off.
static int set_tls(struct cp_check_params *params, const struct cp_health *health)
{
	const char *name = health->server_name ? health->server_name : health->host;

	params->verify = health->verify;
	if (copy(&params->server_name, name) || copy(&params->ca, health->ca))
		return -ENOMEM;
	if (params->server_name && !health->server_name)
		params->server_name[strcspn(params->server_name, ":")] = '\0';
	return 0;
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
	switch (health->type) {
	case CP_HEALTH_HTTP:
		return set_http(params, health);
	case CP_HEALTH_HTTPS:
		return set_http(params, health) || set_tls(params, health) ? -ENOMEM : 0;
	default:
		return 0;
	}
}

bool cp_check_params_same(const struct cp_check_params *a, const struct cp_check_params *b)
{
	return a->ops == b->ops && a->address == b->address && a->port == b->port &&
	       same_text(a->path, b->path) && same_text(a->host, b->host) &&
	       same_text(a->server_name, b->server_name) && same_text(a->ca, b->ca) && a->verify == b->verify &&
	       a->expect_first == b->expect_first && a->expect_last == b->expect_last &&
	       a->interval_ms == b->interval_ms && a->timeout_ms == b->timeout_ms && a->rise == b->rise &&
	       a->fall == b->fall;
}

void cp_check_params_fini(struct cp_check_params *params)
{
	free(params->path);
	free(params->host);
	free(params->server_name);
	free(params->ca);
	params->path = params->host = params->server_name = params->ca = NULL;
}
