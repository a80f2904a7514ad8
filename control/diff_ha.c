// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <string.h>

#include "diff_note.h"

void cp_diff_ha(const struct cp_config *before, const struct cp_config *after, struct cp_diff *diff)
{
	const struct cp_ha *old = &before->ha, *new = &after->ha;

	if (old->on != new->on) {
		cp_diff_note(diff, false, "ha %s", new->on ? "added" : "removed");
		return;
	}
	if (old->node != new->node)
		cp_diff_note(diff, false, "ha node: %u -> %u", old->node, new->node);
	if (strcmp(old->listen_address, new->listen_address) || old->listen_port != new->listen_port)
		cp_diff_note(diff, false, "ha listen: %s port %u -> %s port %u", old->listen_address, old->listen_port,
			     new->listen_address, new->listen_port);
	if (strcmp(old->peer_address, new->peer_address) || old->peer_port != new->peer_port)
		cp_diff_note(diff, false, "ha peer: %s port %u -> %s port %u", old->peer_address, old->peer_port,
			     new->peer_address, new->peer_port);
	if (strcmp(old->key_file, new->key_file))
		cp_diff_note(diff, false, "ha key_file: %s -> %s", old->key_file, new->key_file);
	if (strcmp(old->interface, new->interface))
		cp_diff_note(diff, false, "ha interface: %s -> %s", old->interface[0] ? old->interface : "any",
			     new->interface[0] ? new->interface : "any");
	if (old->join_timeout_s != new->join_timeout_s)
		cp_diff_note(diff, false, "ha join_timeout_s: %u -> %u", old->join_timeout_s, new->join_timeout_s);
}
