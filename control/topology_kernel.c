// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "topology_kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t mask_of(uint8_t length)
{
	return length ? POISE_BE32(~0u << (32 - length)) : 0;
}

static bool covers(const struct cp_route *route, uint32_t address)
{
	return !((address ^ route->prefix) & mask_of(route->length));
}

// Longest prefix first, then by address: what the data path wants, and one order for one world.
static int by_prefix(const void *left, const void *right)
{
	const struct cp_kernel_route *a = left, *b = right;
	uint32_t pa = POISE_HOST32(a->prefix), pb = POISE_HOST32(b->prefix);

	if (a->length != b->length)
		return a->length > b->length ? -1 : 1;
	if (pa != pb)
		return pa < pb ? -1 : 1;
	if (a->metric != b->metric)
		return a->metric < b->metric ? -1 : 1;
	return (a->gateway > b->gateway) - (a->gateway < b->gateway);
}

// The route toward an address, or NULL; routes are sorted.
static const struct cp_route *route_to(const struct cp_topology *topology, uint32_t address)
{
	for (uint32_t i = 0; i < topology->routes_count; i++)
		if (covers(&topology->routes[i], address))
			return &topology->routes[i];
	return NULL;
}

static void add_route(struct cp_topology *topology, const struct cp_kernel_route *from)
{
	struct cp_route *route = &topology->routes[topology->routes_count];

	// Of equal prefixes the first has the best metric.
	if (topology->routes_count && route[-1].prefix == from->prefix && route[-1].length == from->length)
		return;
	memset(route, 0, sizeof(*route));
	route->prefix = from->prefix;
	route->length = from->length;
	route->port = from->port;
	route->gateway = from->gateway;
	topology->routes_count++;
}

static bool needed(const struct cp_config *config, const struct cp_route *route)
{
	for (uint32_t i = 0; i < config->services_count; i++)
		for (uint32_t j = 0; j < config->services[i].backends_count; j++)
			if (covers(route, config->services[i].backends[j].address))
				return true;
	return false;
}

// A full routing table does not fit. Clients of a route that is left out are answered by the link address they
// came from, so only the routes toward backends and the networks at hand must stay.
static uint32_t thin_out(const struct cp_config *config, struct cp_topology *topology)
{
	uint32_t kept = 0, before = topology->routes_count;

	if (before <= POISE_MAX_ROUTES)
		return 0;
	for (uint32_t i = 0; i < before; i++) {
		const struct cp_route *route = &topology->routes[i];

		if (kept < POISE_MAX_ROUTES && (!route->gateway || needed(config, route)))
			topology->routes[kept++] = *route;
	}
	topology->routes_count = kept;
	return before - kept;
}

static int read_routes(const struct cp_config *config, const struct cp_kernel_view *view,
		       struct cp_topology *topology, uint32_t *dropped)
{
	uint32_t count = view->routes_count;
	struct cp_kernel_route *sorted = calloc(count + 1, sizeof(*sorted));

	topology->routes = calloc(count + 1, sizeof(*topology->routes));
	if (!sorted || !topology->routes) {
		free(sorted);
		return -ENOMEM;
	}
	if (count)
		memcpy(sorted, view->routes, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_prefix);
	for (uint32_t i = 0; i < count; i++)
		add_route(topology, &sorted[i]);
	free(sorted);
	*dropped = thin_out(config, topology);
	return 0;
}

static int by_address(const void *left, const void *right)
{
	const struct cp_next_hop *a = left, *b = right;
	uint32_t pa = POISE_HOST32(a->address), pb = POISE_HOST32(b->address);

	if (pa != pb)
		return pa < pb ? -1 : 1;
	return (a->port > b->port) - (a->port < b->port);
}

static void add_hop(struct cp_topology *topology, uint32_t address, uint16_t port)
{
	struct cp_next_hop *hop = &topology->hops[topology->hops_count++];

	memset(hop, 0, sizeof(*hop));
	hop->address = address;
	hop->port = port;
}

static void unique_hops(struct cp_topology *topology)
{
	uint32_t kept = 0;

	qsort(topology->hops, topology->hops_count, sizeof(*topology->hops), by_address);
	for (uint32_t i = 0; i < topology->hops_count; i++)
		if (!kept || by_address(&topology->hops[i], &topology->hops[kept - 1]))
			topology->hops[kept++] = topology->hops[i];
	topology->hops_count = kept;
}

static int want_hops(const struct cp_config *config, struct cp_topology *topology)
{
	uint32_t room = topology->routes_count + 1;

	for (uint32_t i = 0; i < config->services_count; i++)
		room += config->services[i].backends_count;
	topology->hops = calloc(room, sizeof(*topology->hops));
	if (!topology->hops)
		return -ENOMEM;
	for (uint32_t i = 0; i < topology->routes_count; i++)
		if (topology->routes[i].gateway)
			add_hop(topology, topology->routes[i].gateway, topology->routes[i].port);
	for (uint32_t i = 0; i < config->services_count; i++)
		for (uint32_t j = 0; j < config->services[i].backends_count; j++) {
			uint32_t address = config->services[i].backends[j].address;
			const struct cp_route *route = route_to(topology, address);

			if (route && !route->gateway)
				add_hop(topology, address, route->port);
		}
	unique_hops(topology);
	return 0;
}

static void resolve(const struct cp_kernel_view *view, struct cp_topology *topology)
{
	for (uint32_t i = 0; i < view->neighbors_count; i++) {
		const struct cp_kernel_neighbor *neighbor = &view->neighbors[i];
		const struct cp_next_hop wanted = {.address = neighbor->address, .port = neighbor->port};
		struct cp_next_hop *hop = bsearch(&wanted, topology->hops, topology->hops_count,
						  sizeof(*topology->hops), by_address);

		if (!hop || !neighbor->valid || !view->links[neighbor->port].up)
			continue;
		memcpy(hop->mac, neighbor->mac, sizeof(hop->mac));
		hop->known = true;
	}
}

// Neighbors of the config stand before what was learnt.
static int put_static(const struct cp_config *config, struct cp_topology *topology)
{
	struct cp_topology fixed = {0};
	struct cp_next_hop *hops;
	struct cp_route *routes;
	int error = config->neighbors_count ? cp_topology_static(config, &fixed) : 0;

	if (error || !config->neighbors_count)
		return error;
	hops = calloc(fixed.hops_count + topology->hops_count + 1, sizeof(*hops));
	routes = calloc(fixed.routes_count + topology->routes_count + 1, sizeof(*routes));
	if (!hops || !routes) {
		free(hops);
		free(routes);
		cp_topology_fini(&fixed);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < fixed.hops_count; i++)
		hops[i] = fixed.hops[i];
	for (uint32_t i = 0, used = fixed.hops_count; i < topology->hops_count; i++) {
		bool repeated = false;

		for (uint32_t j = 0; j < fixed.hops_count; j++)
			repeated |= !by_address(&fixed.hops[j], &topology->hops[i]);
		if (!repeated)
			hops[used++] = topology->hops[i];
		if (i + 1 == topology->hops_count)
			fixed.hops_count = used;
	}
	memcpy(routes, fixed.routes, fixed.routes_count * sizeof(*routes));
	memcpy(routes + fixed.routes_count, topology->routes, topology->routes_count * sizeof(*routes));
	free(topology->hops);
	free(topology->routes);
	topology->hops = hops;
	topology->hops_count = fixed.hops_count;
	topology->routes = routes;
	topology->routes_count += fixed.routes_count;
	cp_topology_fini(&fixed);
	return 0;
}

int cp_topology_kernel(const struct cp_config *config, const struct cp_kernel_view *view,
		       struct cp_topology *topology, uint32_t *dropped)
{
	int error;

	memset(topology, 0, sizeof(*topology));
	for (uint32_t i = 0; i < config->ports_count; i++) {
		topology->links[i].ifindex = view->links[i].ifindex;
		memcpy(topology->links[i].mac, view->links[i].mac, 6);
	}
	error = read_routes(config, view, topology, dropped);
	if (!error)
		error = want_hops(config, topology);
	if (!error) {
		resolve(view, topology);
		error = put_static(config, topology);
	}
	if (error)
		cp_topology_fini(topology);
	return error;
}

bool cp_topology_same(const struct cp_topology *a, const struct cp_topology *b)
{
	return a->hops_count == b->hops_count && a->routes_count == b->routes_count &&
	       !memcmp(a->links, b->links, sizeof(a->links)) &&
	       (!a->hops_count || !memcmp(a->hops, b->hops, a->hops_count * sizeof(*a->hops))) &&
	       (!a->routes_count || !memcmp(a->routes, b->routes, a->routes_count * sizeof(*a->routes)));
}
