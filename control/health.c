// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "health.h"

const char *cp_node_role_name(enum cp_node_role role)
{
	switch (role) {
	case CP_NODE_PRIMARY:
		return "primary";
	case CP_NODE_REPLICA:
		return "replica";
	case CP_NODE_UNKNOWN:
		break;
	}
	return "unknown";
}

bool cp_health_result(struct cp_health_state *state, bool ok, uint32_t rise, uint32_t fall, uint64_t now_ns)
{
	uint32_t needed = ok ? rise : fall;

	if (!state->streak || state->last_ok != ok) {
		state->last_ok = ok;
		state->streak = 1;
	} else if (state->streak < UINT32_MAX) {
		state->streak++;
	}
	if (state->known && (state->healthy == ok || state->streak < needed))
		return false;
	state->known = true;
	state->healthy = ok;
	state->since_ns = now_ns;
	return true;
}
