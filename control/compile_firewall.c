// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// pass[]: what gets to the kernel.
#include <string.h>

#include "compile_step.h"
#include "config_value.h"

static uint16_t ports_of(const struct cp_config *config, const struct cp_pass *pass)
{
	uint16_t ports = 0;

	for (uint32_t i = 0; i < config->ports_count; i++)
		if (!pass->interface[0] || !strcmp(config->ports[i].interface, pass->interface))
			ports |= (uint16_t)(1u << i);
	return ports;
}

void cp_compile_firewall(struct cp_compile_step *step)
{
	const struct cp_firewall *firewall = &step->config->firewall;

	if (!firewall->deny)
		return;
	step->out->flags |= POISE_SNAPSHOT_HOST_DENY;
	step->out->pass_count = firewall->pass_count;
	for (uint32_t i = 0; i < firewall->pass_count; i++) {
		const struct cp_pass *pass = &firewall->pass[i];
		struct poise_pass *out = &step->out->pass[i];
		bool ipv6 = pass->protocol == CP_PASS_IPV6;

		out->prefix = pass->source.address;
		out->mask = cp_value_mask(pass->source.length);
		out->first_port = pass->first_port;
		out->last_port = pass->last_port;
		out->protocol = ipv6 ? 0 : (uint8_t)pass->protocol;
		out->version = ipv6 ? 6 : pass->protocol ? 4 : 0;
		out->ports = ports_of(step->config, pass);
	}
}
