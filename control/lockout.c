// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "lockout.h"

#include <netinet/in.h>
#include <stdio.h>

#define SSH 22

static bool passes(const struct cp_pass *pass)
{
	if (pass->protocol && pass->protocol != IPPROTO_TCP && pass->protocol != CP_PASS_IPV6)
		return false;
	return !pass->last_port || (pass->first_port <= SSH && SSH <= pass->last_port);
}

static bool lets_in(const struct cp_config *config)
{
	const struct cp_firewall *firewall = &config->firewall;

	if (!firewall->deny || !cp_nic_mode_kernel(config->dataplane.mode))
		return true;
	for (uint32_t i = 0; i < firewall->pass_count; i++)
		if (passes(&firewall->pass[i]))
			return true;
	return false;
}

bool cp_locks_out(const struct cp_config *before, const struct cp_config *after, char *text, size_t size)
{
	if (lets_in(after) || (before && !lets_in(before)))
		return false;
	snprintf(text, size, "the firewall would let no SSH in (TCP port %d)", SSH);
	return true;
}
