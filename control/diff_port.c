// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Ports by their place: flows and the devices of the dataplane know them by number.
#include <string.h>

#include "diff_note.h"

static void diff_port(const struct cp_port *before, const struct cp_port *after, struct cp_diff *diff)
{
	if (strcmp(before->name, after->name)) {
		cp_diff_note(diff, true, "port %s in the place of %s", after->name, before->name);
		return;
	}
	if (strcmp(before->interface, after->interface))
		cp_diff_note(diff, true, "port %s: interface %s -> %s", after->name, before->interface,
			     after->interface);
	if (cp_diff_text(before->vdev, after->vdev))
		cp_diff_note(diff, true, "port %s: vdev", after->name);
	if (memcmp(before->mac, after->mac, sizeof(before->mac)))
		cp_diff_note(diff, true, "port %s: mac", after->name);
	if (before->queues != after->queues)
		cp_diff_note(diff, true, "port %s: queues %u -> %u", after->name, before->queues,
			     after->queues);
	if (before->snat_count != after->snat_count ||
	    memcmp(before->snat, after->snat, before->snat_count * sizeof(before->snat[0])))
		cp_diff_note(diff, false, "port %s: snat addresses", after->name);
	if (before->snat_first_port != after->snat_first_port ||
	    before->snat_last_port != after->snat_last_port)
		cp_diff_note(diff, false, "port %s: snat_ports %u-%u -> %u-%u", after->name,
			     before->snat_first_port, before->snat_last_port, after->snat_first_port,
			     after->snat_last_port);
}

void cp_diff_ports(const struct cp_config *before, const struct cp_config *after, struct cp_diff *diff)
{
	uint32_t common = before->ports_count < after->ports_count ? before->ports_count : after->ports_count;

	for (uint32_t i = 0; i < common; i++)
		diff_port(&before->ports[i], &after->ports[i], diff);
	for (uint32_t i = common; i < before->ports_count; i++)
		cp_diff_note(diff, true, "port %s removed", before->ports[i].name);
	for (uint32_t i = common; i < after->ports_count; i++)
		cp_diff_note(diff, true, "port %s added", after->ports[i].name);
}

static bool same_neighbor(const struct cp_neighbor *a, const struct cp_neighbor *b)
{
	return a->address == b->address && a->prefix == b->prefix && !memcmp(a->mac, b->mac, sizeof(a->mac)) &&
	       !strcmp(a->port, b->port);
}

void cp_diff_neighbors(const struct cp_config *before, const struct cp_config *after, struct cp_diff *diff)
{
	bool same = before->neighbors_count == after->neighbors_count;

	for (uint32_t i = 0; same && i < after->neighbors_count; i++)
		same = same_neighbor(&before->neighbors[i], &after->neighbors[i]);
	if (!same)
		cp_diff_note(diff, false, "neighbors: %u -> %u entries", before->neighbors_count,
			     after->neighbors_count);
}
