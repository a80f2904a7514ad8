// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "diff_note.h"

static bool same(const struct cp_pass *a, const struct cp_pass *b)
{
	return a->protocol == b->protocol && a->first_port == b->first_port && a->last_port == b->last_port &&
	       a->source.address == b->source.address && a->source.length == b->source.length &&
	       !strcmp(a->interface, b->interface);
}

static bool has(const struct cp_firewall *firewall, const struct cp_pass *pass)
{
	for (uint32_t i = 0; i < firewall->pass_count; i++)
		if (same(&firewall->pass[i], pass))
			return true;
	return false;
}

static void note(const struct cp_pass *pass, const char *what, struct cp_diff *diff)
{
	char ports[16] = "";

	if (pass->first_port == pass->last_port && pass->last_port)
		snprintf(ports, sizeof(ports), " %u", pass->last_port);
	else if (pass->last_port)
		snprintf(ports, sizeof(ports), " %u-%u", pass->first_port, pass->last_port);
	cp_diff_note(diff, false, "firewall: %s %s%s%s%s%s%s", what, cp_pass_protocol_name(pass->protocol), ports,
		     pass->source.length ? " from " : "",
		     pass->source.length ? cp_prefix_text(&pass->source).text : "", *pass->interface ? " by " : "",
		     pass->interface);
}

void cp_diff_firewall(const struct cp_config *before, const struct cp_config *after, struct cp_diff *diff)
{
	const struct cp_firewall *old = &before->firewall, *new = &after->firewall;

	if (old->deny != new->deny)
		cp_diff_note(diff, false, "firewall: default %s -> %s", old->deny ? "deny" : "pass",
			     new->deny ? "deny" : "pass");
	for (uint32_t i = 0; i < old->pass_count; i++)
		if (!has(new, &old->pass[i]))
			note(&old->pass[i], "no longer passes", diff);
	for (uint32_t i = 0; i < new->pass_count; i++)
		if (!has(old, &new->pass[i]))
			note(&new->pass[i], "passes", diff);
}
