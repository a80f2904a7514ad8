// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "config_parts.h"

static const struct cp_choice roles[] = {
	{ "any", CP_NODE_UNKNOWN, true },
	{ "primary", CP_NODE_PRIMARY, true },
	{ "replica", CP_NODE_REPLICA, true },
};

static const struct cp_choice downs[] = {
	{ "keep", CP_DOWN_KEEP, true },
	{ "reset", CP_DOWN_RESET, true },
};

static const struct cp_choice all_downs[] = {
	{ "drop", CP_ALL_DOWN_DROP, true },
	{ "reset", CP_ALL_DOWN_RESET, true },
	{ "fail_open", CP_ALL_DOWN_FAIL_OPEN, true },
};

#define DAY_S (24u * 3600)

static void parse_roles(struct cp_read *read, struct cp_lifecycle *lifecycle)
{
	static const char *const replica_keys[] = { "max_lag_ms", "max_lag_bytes", "primary_last_resort" };
	int role = CP_NODE_UNKNOWN, demotion = CP_DOWN_RESET;
	uint32_t bytes = 0;

	cp_read_choice(read, "role_required", roles, POISE_COUNT(roles), &role);
	cp_read_number(read, "max_lag_ms", 1, DAY_S * 1000, &lifecycle->max_lag_ms);
	cp_read_number(read, "max_lag_bytes", 1, 2147483647, &bytes);
	cp_read_bool(read, "primary_last_resort", &lifecycle->primary_last_resort);
	cp_read_choice(read, "on_demotion", downs, POISE_COUNT(downs), &demotion);
	lifecycle->max_lag_bytes = bytes;
	lifecycle->role_required = (enum cp_node_role)role;
	lifecycle->on_demotion = (enum cp_backend_down)demotion;
	for (uint32_t i = 0; i < POISE_COUNT(replica_keys); i++)
		if (role != CP_NODE_REPLICA && cp_read_get(read, replica_keys[i]))
			cp_read_fail(read, replica_keys[i], "%s is for services with role_required "
				     "\"replica\", remove it or add role_required", replica_keys[i]);
	if (role != CP_NODE_PRIMARY && cp_read_get(read, "on_demotion"))
		cp_read_fail(read, "on_demotion",
			     "on_demotion is for services with role_required \"primary\", remove it "
			     "or add role_required");
}

// A check that tells no role would let no backend serve, ever.
static bool tells_role(enum cp_health_type type)
{
	return type == CP_HEALTH_POSTGRESQL || type == CP_HEALTH_EXEC;
}

void cp_parse_lifecycle(struct cp_read *service_read, struct cp_service *service)
{
	struct cp_lifecycle *lifecycle = &service->lifecycle;
	int down = CP_DOWN_KEEP, all_down = CP_ALL_DOWN_DROP;

	lifecycle->min_active = 1;
	lifecycle->primary_last_resort = true;
	lifecycle->max_ejected_percent = 100;
	lifecycle->ejection_interval_s = 60;
	cp_read_number(service_read, "min_active", 1, POISE_MAX_BACKENDS, &lifecycle->min_active);
	parse_roles(service_read, lifecycle);
	cp_read_choice(service_read, "on_backend_down", downs, POISE_COUNT(downs), &down);
	cp_read_choice(service_read, "all_down", all_downs, POISE_COUNT(all_downs), &all_down);
	cp_read_number(service_read, "slow_start_s", 0, 3600, &lifecycle->slow_start_s);
	cp_read_number(service_read, "drain_deadline_s", 0, DAY_S, &lifecycle->drain_deadline_s);
	cp_read_number(service_read, "max_ejected_percent", 1, 100, &lifecycle->max_ejected_percent);
	cp_read_number(service_read, "ejection_interval_s", 1, 3600, &lifecycle->ejection_interval_s);
	lifecycle->on_backend_down = (enum cp_backend_down)down;
	lifecycle->all_down = (enum cp_all_down)all_down;
	if (lifecycle->role_required != CP_NODE_UNKNOWN && !tells_role(service->health.type))
		cp_read_fail(service_read, "role_required",
			     "role_required needs a health check that tells roles, of type \"postgresql\" or "
			     "\"exec\"; \"%s\" does not",
			     cp_health_type_name(service->health.type));
	if (all_down == CP_ALL_DOWN_FAIL_OPEN && lifecycle->role_required == CP_NODE_PRIMARY)
		cp_read_fail(service_read, "all_down", "all_down \"fail_open\" would send writes to replicas, use "
			     "\"reset\" or \"drop\" with role_required \"primary\"");
}
