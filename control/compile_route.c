// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Next hops. A flow remembers the egress entry of the route toward its client, so an entry belongs to a prefix
// for good: whatever gateway the prefix has now, the entry leads there, and its flows follow. A route that was
// withdrawn keeps its entry too, which then leads where the route that covers it leads. Such routes are
// remembered in routes[] behind routes_count, where no packet looks, until the next generation needs the room.
//
// Routes without one next hop (on-link, or a gateway that never answered) have no entry: replies go to the
// link address that the SYN came from.
#include <stdlib.h>
#include <string.h>

#include "compile_step.h"
#include "config_value.h"

struct candidate {
	const struct cp_route *route;
	uint32_t order;
};

static const struct cp_next_hop *find_hop(const struct cp_topology *topology, uint32_t address, int port)
{
	for (uint32_t i = 0; i < topology->hops_count; i++) {
		const struct cp_next_hop *hop = &topology->hops[i];

		if (hop->known && hop->address == address && (port < 0 || hop->port == port))
			return hop;
	}
	return NULL;
}

const struct cp_next_hop *cp_compile_hop(const struct cp_topology *topology, uint32_t address)
{
	const struct cp_route *best = NULL;
	const struct cp_next_hop *hop;

	for (uint32_t i = 0; i < topology->routes_count; i++) {
		const struct cp_route *route = &topology->routes[i];

		if ((address & cp_value_mask(route->length)) == route->prefix &&
		    (!best || route->length > best->length))
			best = route;
	}
	// The host itself first: by the route's port if it is seen there.
	hop = best ? find_hop(topology, address, best->port) : NULL;
	if (!hop)
		hop = find_hop(topology, address, -1);
	if (!hop && best && best->gateway)
		hop = find_hop(topology, best->gateway, best->port);
	return hop;
}

void cp_compile_egress(struct cp_compile_step *step, uint16_t index, const struct cp_next_hop *hop)
{
	struct poise_snapshot *out = step->out;
	struct poise_egress *egress = &out->egress[index];

	if (hop) {
		memcpy(egress->dst_mac, hop->mac, sizeof(egress->dst_mac));
		egress->port = hop->port;
		egress->flags = POISE_EGRESS_KNOWN;
	} else if (step->previous && step->previous->egress[index].flags & POISE_EGRESS_KNOWN) {
		uint16_t port = step->previous->egress[index].port;

		if (port < out->ports_count &&
		    !strncmp(step->previous->ports[port].name, out->ports[port].name, POISE_NAME_SIZE))
			*egress = step->previous->egress[index];
	}
	if (egress->flags & POISE_EGRESS_KNOWN)
		memcpy(egress->src_mac, out->ports[egress->port].mac, sizeof(egress->src_mac));
	if (index >= out->egress_count)
		out->egress_count = (uint16_t)(index + 1);
}

static int compare(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->route->length != b->route->length)
		return a->route->length > b->route->length ? -1 : 1;
	if (a->route->prefix != b->route->prefix)
		return POISE_HOST32(a->route->prefix) < POISE_HOST32(b->route->prefix) ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

// Routes that packets can match, longest prefix first, one for each prefix (the first listed). NULL when out
// of memory; else to be freed.
static struct candidate *sort_routes(const struct cp_compile_step *step, uint32_t *count)
{
	const struct cp_topology *topology = step->topology;
	struct candidate *all = calloc((size_t)topology->routes_count + 1, sizeof(*all));
	uint32_t used = 0, kept = 0;

	for (uint32_t i = 0; all && i < topology->routes_count; i++) {
		const struct cp_route *route = &topology->routes[i];

		if (route->length <= 32 && route->port < step->config->ports_count &&
		    !(route->prefix & ~cp_value_mask(route->length)))
			all[used++] = (struct candidate){ route, i };
	}
	if (used)
		qsort(all, used, sizeof(*all), compare);
	for (uint32_t i = 0; i < used; i++)
		if (!kept || all[i].route->length != all[kept - 1].route->length ||
		    all[i].route->prefix != all[kept - 1].route->prefix)
			all[kept++] = all[i];
	*count = kept;
	return all;
}

// The entry that a prefix had, or POISE_NONE16.
static uint16_t entry_before(const struct cp_compile_step *step, uint32_t prefix, uint32_t mask)
{
	for (uint32_t i = 0; step->previous && i < POISE_MAX_ROUTES; i++) {
		const struct poise_route *route = &step->previous->routes[i];

		if (route->egress >= CP_EGRESS_ROUTES && route->egress < POISE_EGRESS_LAST &&
		    route->prefix == prefix && route->mask == mask)
			return route->egress;
	}
	return POISE_NONE16;
}

// An entry for a prefix that had none: one that was not in use in the last generation, if there is one.
static uint16_t entry_new(const struct cp_compile_step *step, const bool *used)
{
	for (int had = 0; had < 2; had++)
		for (uint32_t i = CP_EGRESS_ROUTES; i < POISE_EGRESS_LAST; i++)
			if (!used[i] &&
			    had == (step->previous && step->previous->egress[i].flags & POISE_EGRESS_KNOWN))
				return (uint16_t)i;
	return POISE_NONE16;
}

// Remember the routes that are gone, and lead their flows by what covers them now.
static void keep_withdrawn(struct cp_compile_step *step, const bool *used)
{
	struct poise_snapshot *out = step->out;
	uint32_t place = out->routes_count;

	for (uint32_t i = 0; step->previous && i < POISE_MAX_ROUTES && place < POISE_MAX_ROUTES; i++) {
		const struct poise_route *old = &step->previous->routes[i];
		const struct poise_route *cover = NULL;

		if (old->egress < CP_EGRESS_ROUTES || old->egress >= POISE_EGRESS_LAST || used[old->egress])
			continue;
		for (uint32_t j = 0; j < out->routes_count && !cover; j++)
			if ((out->routes[j].mask & old->mask) == out->routes[j].mask &&
			    (old->prefix & out->routes[j].mask) == out->routes[j].prefix)
				cover = &out->routes[j];
		cp_compile_egress(step, old->egress, NULL);
		if (cover && cover->egress != POISE_NONE16 &&
		    out->egress[cover->egress].flags & POISE_EGRESS_KNOWN)
			out->egress[old->egress] = out->egress[cover->egress];
		out->routes[place++] = *old;
	}
}

void cp_compile_routes(struct cp_compile_step *step)
{
	struct poise_snapshot *out = step->out;
	bool used[POISE_MAX_EGRESS] = {0};
	struct candidate *sorted;
	uint32_t count;

	if (!out->egress_count)
		out->egress_count = 1;
	sorted = sort_routes(step, &count);
	// Too many, or no memory: without routes every client is answered by the way it came.
	if (!sorted || count > POISE_MAX_ROUTES)
		count = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct cp_route *from = sorted[i].route;
		struct poise_route *route = &out->routes[i];

		route->prefix = from->prefix;
		route->mask = cp_value_mask(from->length);
		route->port = from->port;
		route->egress = from->gateway ? entry_before(step, route->prefix, route->mask) : POISE_NONE16;
		if (route->egress != POISE_NONE16)
			used[route->egress] = true;
	}
	out->routes_count = (uint16_t)count;
	for (uint32_t i = 0; i < count; i++) {
		const struct cp_route *from = sorted[i].route;
		struct poise_route *route = &out->routes[i];
		const struct cp_next_hop *hop = from->gateway ?
						find_hop(step->topology, from->gateway, from->port) : NULL;

		if (hop && route->egress == POISE_NONE16) {
			route->egress = entry_new(step, used);
			if (route->egress != POISE_NONE16)
				used[route->egress] = true;
		}
		if (route->egress == POISE_NONE16)
			continue;
		cp_compile_egress(step, route->egress, hop);
		if (!(out->egress[route->egress].flags & POISE_EGRESS_KNOWN))
			route->egress = POISE_NONE16; // its port went away with what was known
	}
	free(sorted);
	keep_withdrawn(step, used);
}
