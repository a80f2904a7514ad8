// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"

// A prefix is a route by a gateway of its own, which no host can be: 0.0.0.0/8 is nobody's.
static uint32_t gateway_of(uint32_t index)
{
	return htonl(index + 1);
}

static void add_neighbor(struct cp_topology *topology, const struct cp_neighbor *neighbor, uint32_t index,
			 uint16_t port)
{
	struct cp_next_hop *hop = &topology->hops[topology->hops_count++];

	memset(hop, 0, sizeof(*hop));
	hop->address = neighbor->prefix < 32 ? gateway_of(index) : neighbor->address;
	hop->port = port;
	memcpy(hop->mac, neighbor->mac, sizeof(hop->mac));
	hop->known = hop->fixed = true;
	if (neighbor->prefix < 32) {
		struct cp_route *route = &topology->routes[topology->routes_count++];

		memset(route, 0, sizeof(*route));
		route->prefix = neighbor->address;
		route->length = (uint8_t)neighbor->prefix;
		route->port = port;
		route->gateway = hop->address;
	}
}

int cp_topology_static(const struct cp_config *config, struct cp_topology *topology)
{
	uint32_t room = config->neighbors_count ? config->neighbors_count : 1;

	memset(topology, 0, sizeof(*topology));
	topology->hops = calloc(room, sizeof(*topology->hops));
	topology->routes = calloc(room, sizeof(*topology->routes));
	if (!topology->hops || !topology->routes) {
		cp_topology_fini(topology);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < config->ports_count; i++)
		memcpy(topology->links[i].mac, config->ports[i].mac, sizeof(topology->links[i].mac));
	for (uint32_t i = 0; i < config->neighbors_count; i++) {
		int port = cp_config_port(config, config->neighbors[i].port);

		if (port >= 0)
			add_neighbor(topology, &config->neighbors[i], i, (uint16_t)port);
	}
	return 0;
}

void cp_topology_fini(struct cp_topology *topology)
{
	free(topology->hops);
	free(topology->routes);
	memset(topology, 0, sizeof(*topology));
}
