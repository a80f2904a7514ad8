// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <string.h>

#include "config_parts.h"

static const struct cp_choice types[] = {
	{ "none", CP_HEALTH_NONE, true },	      { "tcp", CP_HEALTH_TCP, true },
	{ "http", CP_HEALTH_HTTP, true },	      { "https", CP_HEALTH_HTTPS, true },
	{ "postgresql", CP_HEALTH_POSTGRESQL, true }, { "exec", CP_HEALTH_EXEC, true },
};

void cp_parse_health(struct cp_read *service_read, struct cp_service *service)
{
	struct cp_health *health = &service->health;
	int type = CP_HEALTH_TCP;
	struct cp_read read;
	bool known;

	health->interval_ms = 1000;
	health->timeout_ms = 500;
	health->jitter_percent = 10;
	health->rise = 2;
	health->fall = 3;
	cp_read_begin(&read, service_read, cp_read_get(service_read, "health"), "health of %s",
		      service_read->where);
	health->line = read.line;
	// A type that was refused says enough: its keys are not held against it.
	known = cp_read_choice(&read, "type", types, POISE_COUNT(types), &type) || !cp_read_get(&read, "type");
	health->type = (enum cp_health_type)type;
	cp_read_port(&read, "port", &health->port);
	cp_parse_health_kind(&read, health, known);
	cp_read_number(&read, "interval_ms", 10, 3600000, &health->interval_ms);
	cp_read_number(&read, "timeout_ms", 1, 3600000, &health->timeout_ms);
	if (health->timeout_ms > health->interval_ms)
		cp_read_fail(&read, cp_read_get(&read, "timeout_ms") ? "timeout_ms" : "interval_ms",
			     "timeout_ms is %u and interval_ms %u, let a check end before the next begins",
			     health->timeout_ms, health->interval_ms);
	cp_read_number(&read, "jitter_percent", 0, 50, &health->jitter_percent);
	cp_read_number(&read, "rise", 1, 1000, &health->rise);
	cp_read_number(&read, "fall", 1, 1000, &health->fall);
	cp_read_number(&read, "damping_s", 0, 86400, &health->damping_s);
	cp_read_bool(&read, "passive", &health->passive);
	if (health->type == CP_HEALTH_NONE && (health->damping_s || health->passive))
		cp_read_fail(&read, health->passive ? "passive" : "damping_s", "there is no check to go by: choose "
			     "another type, or remove it");
	cp_read_end(&read);
}
