// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <string.h>

#include "config_parts.h"

static const struct cp_choice types[] = {
	{ "none", CP_HEALTH_NONE, true },    { "tcp", CP_HEALTH_TCP, true },
	{ "http", CP_HEALTH_HTTP, true },    { "https", CP_HEALTH_HTTPS, true },
	{ "postgresql", 0, false },	     { "exec", 0, false },
};

// What goes into a request line or a header must not end it.
static bool printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 127)
			return false;
	return true;
}

static bool by_http(enum cp_health_type type)
{
	return type == CP_HEALTH_HTTP || type == CP_HEALTH_HTTPS;
}

static void parse_http(struct cp_read *read, struct cp_health *health)
{
	static const char *const keys[] = { "path", "host", "expect" };

	health->expect_first = 200;
	health->expect_last = 399;
	cp_read_copy(read, "path", &health->path);
	cp_read_copy(read, "host", &health->host);
	cp_read_range(read, "expect", 100, 599, &health->expect_first, &health->expect_last);
	if (health->path && (health->path[0] != '/' || !printable(health->path) || strlen(health->path) > 1024))
		cp_read_fail(read, "path", "path is \"%s\", begin it with a slash and use no blanks",
			     health->path);
	if (health->host && (!health->host[0] || !printable(health->host) || strlen(health->host) > 255 ||
			     strpbrk(health->host, "/?#@\\")))
		cp_read_fail(read, "host", "host is \"%s\", write a host name such as \"www.example.com\"",
			     health->host);
	for (uint32_t i = 0; i < POISE_COUNT(keys); i++)
		if (!by_http(health->type) && cp_read_get(read, keys[i]))
			cp_read_fail(read, keys[i], "%s is for health checks of type \"http\" and \"https\", "
				     "remove it or change the type", keys[i]);
}

static void parse_tls(struct cp_read *read, struct cp_health *health)
{
	static const char *const keys[] = { "server_name", "ca", "verify" };

	health->verify = true;
	cp_read_copy(read, "server_name", &health->server_name);
	cp_read_copy(read, "ca", &health->ca);
	cp_read_bool(read, "verify", &health->verify);
	if (health->server_name && (!health->server_name[0] || !printable(health->server_name) ||
				    strlen(health->server_name) > 255 ||
				    strpbrk(health->server_name, "/?#@\\:[]")))
		cp_read_fail(read, "server_name", "server_name is \"%s\", write a host name without a port, such "
			     "as \"www.example.com\"", health->server_name);
	if (health->ca && health->ca[0] != '/')
		cp_read_fail(read, "ca", "ca is \"%s\", write the whole path of a file of certificates, beginning "
			     "with a slash", health->ca);
	if (health->ca && !health->verify)
		cp_read_fail(read, "ca", "ca has no use while verify is false, remove one of them");
	for (uint32_t i = 0; i < POISE_COUNT(keys); i++)
		if (health->type != CP_HEALTH_HTTPS && cp_read_get(read, keys[i]))
			cp_read_fail(read, keys[i], "%s is for health checks of type \"https\", remove it or "
				     "change the type", keys[i]);
}

// An HTTP check has a path in any case.
static void default_path(struct cp_read *read, struct cp_health *health)
{
	if (!by_http(health->type) || health->path)
		return;
	health->path = strdup("/");
	if (!health->path)
		cp_read_fail(read, "type", "out of memory");
}

void cp_parse_health(struct cp_read *service_read, struct cp_service *service)
{
	static const char *const later[] = { "user", "dbname", "password", "command" };
	struct cp_health *health = &service->health;
	int type = CP_HEALTH_TCP;
	struct cp_read read;
	bool typed;

	health->interval_ms = 1000;
	health->timeout_ms = 500;
	health->rise = 2;
	health->fall = 3;
	cp_read_begin(&read, service_read, cp_read_get(service_read, "health"), "health of %s",
		      service_read->where);
	health->line = read.line;
	typed = cp_read_choice(&read, "type", types, POISE_COUNT(types), &type);
	// A type that was refused says enough: its keys are not held against it.
	health->type = typed || !cp_read_get(&read, "type") ? (enum cp_health_type)type : CP_HEALTH_HTTPS;
	cp_read_port(&read, "port", &health->port);
	parse_http(&read, health);
	parse_tls(&read, health);
	cp_read_number(&read, "interval_ms", 10, 3600000, &health->interval_ms);
	cp_read_number(&read, "timeout_ms", 1, 3600000, &health->timeout_ms);
	if (health->timeout_ms > health->interval_ms)
		cp_read_fail(&read, cp_read_get(&read, "timeout_ms") ? "timeout_ms" : "interval_ms",
			     "timeout_ms is %u and interval_ms %u, let a check end before the next begins",
			     health->timeout_ms, health->interval_ms);
	cp_read_number(&read, "rise", 1, 1000, &health->rise);
	cp_read_number(&read, "fall", 1, 1000, &health->fall);
	default_path(&read, health);
	for (uint32_t i = 0; i < POISE_COUNT(later); i++)
		cp_read_unsupported(&read, later[i]);
	cp_read_end(&read);
}
