// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <string.h>

#include "config.h"

const char *cp_nic_mode_name(enum cp_nic_mode mode)
{
	switch (mode) {
#define POISE_NIC_MODE(NAME, name, built, help)                                                                \
	case CP_NIC_##NAME:                                                                                    \
		return #name;
#include <poise/modes.def>
#undef POISE_NIC_MODE
	case CP_NIC_MODES:
		break;
	}
	return "?";
}

bool cp_nic_mode_kernel(enum cp_nic_mode mode)
{
	return mode == CP_NIC_AF_XDP || mode == CP_NIC_XDP;
}

bool cp_nic_mode_dataplane(enum cp_nic_mode mode)
{
	return mode != CP_NIC_XDP;
}

const char *cp_nat_name(enum poise_nat nat)
{
	switch (nat) {
#define POISE_NAT(NAME, name, help)                                                                            \
	case POISE_NAT_##NAME:                                                                                 \
		return #name;
#include <poise/modes.def>
#undef POISE_NAT
	case POISE_NATS:
		break;
	}
	return "?";
}

const char *cp_scheduler_name(enum poise_scheduler scheduler)
{
	switch (scheduler) {
#define POISE_SCHEDULER(NAME, name, pick, help)                                                                \
	case POISE_SCHEDULER_##NAME:                                                                           \
		return #name;
#include <poise/schedulers.def>
#undef POISE_SCHEDULER
	case POISE_SCHEDULERS:
		break;
	}
	return "?";
}

const char *cp_role_name(enum cp_role role)
{
	switch (role) {
	case CP_ROLE_ACTIVE:
		return "active";
	case CP_ROLE_STANDBY:
		return "standby";
	}
	return "?";
}

const char *cp_health_type_name(enum cp_health_type type)
{
	switch (type) {
	case CP_HEALTH_NONE:
		return "none";
	case CP_HEALTH_TCP:
		return "tcp";
	case CP_HEALTH_HTTP:
		return "http";
	case CP_HEALTH_HTTPS:
		return "https";
	case CP_HEALTH_POSTGRESQL:
		return "postgresql";
	}
	return "?";
}

const char *cp_sslmode_name(enum cp_sslmode mode)
{
	switch (mode) {
	case CP_SSL_DISABLE:
		return "disable";
	case CP_SSL_ALLOW:
		return "allow";
	case CP_SSL_PREFER:
		return "prefer";
	case CP_SSL_REQUIRE:
		return "require";
	case CP_SSL_VERIFY_CA:
		return "verify-ca";
	case CP_SSL_VERIFY_FULL:
		return "verify-full";
	}
	return "?";
}

int cp_config_port(const struct cp_config *config, const char *name)
{
	for (uint32_t i = 0; i < config->ports_count; i++)
		if (!strcmp(config->ports[i].name, name))
			return (int)i;
	return -1;
}
