// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What the kernel says becomes next hops and routes: only those that are needed, in one order.
#include <arpa/inet.h>

#include "check.h"
#include "from_text.h"
#include "topology_kernel.h"

#define CONFIG                                                                                                \
	"ports = ( { name = \"front\"; interface = \"eth1\"; }, { name = \"back\"; interface = \"eth2\"; } );\n" \
	"services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80; backends = (\n"                       \
	"{ name = \"near\"; address = \"10.2.0.11\"; }, { name = \"far\"; address = \"10.9.0.12\"; } ); } );\n"

static uint32_t ip(const char *text)
{
	return inet_addr(text);
}

static struct cp_kernel_route routes[] = {
	{ .length = 0, .port = 0, .metric = 0 }, // filled in by view_of()
	{ .length = 24, .port = 1 },
	{ .length = 16, .port = 1 },
	{ .length = 16, .port = 0, .metric = 100 },
};

static struct cp_kernel_neighbor neighbors[] = {
	{ .port = 1, .mac = { 2, 0, 0, 0, 0, 0x11 }, .valid = true },
	{ .port = 1, .mac = { 2, 0, 0, 0, 0, 0x99 }, .valid = true },
	{ .port = 1, .mac = { 2, 0, 0, 0, 0, 0x77 }, .valid = true },
	{ .port = 0, .valid = false },
};

static struct cp_kernel_view view_of(void)
{
	struct cp_kernel_view view = { .neighbors = neighbors, .neighbors_count = 4, .routes = routes, .routes_count = 4 };

	view.links[0] = (struct cp_kernel_link){ .ifindex = 5, .mac = { 2, 0, 0, 0, 1, 1 }, .up = true };
	view.links[1] = (struct cp_kernel_link){ .ifindex = 6, .mac = { 2, 0, 0, 0, 1, 2 }, .up = true };
	routes[0].gateway = ip("10.1.0.254");
	routes[1].prefix = ip("10.2.0.0");
	routes[2].prefix = routes[3].prefix = ip("10.9.0.0");
	routes[2].gateway = ip("10.2.0.99");
	routes[3].gateway = ip("10.1.0.254");
	neighbors[0].address = ip("10.2.0.11");
	neighbors[1].address = ip("10.2.0.99");
	neighbors[2].address = ip("10.2.0.77"); // a stranger
	neighbors[3].address = ip("10.1.0.254");
	return view;
}

static const struct cp_next_hop *hop_of(const struct cp_topology *topology, const char *address)
{
	for (uint32_t i = 0; i < topology->hops_count; i++)
		if (topology->hops[i].address == ip(address))
			return &topology->hops[i];
	return NULL;
}

static void needed_hops_only(void)
{
	struct cp_config *config = config_from("%s", CONFIG);
	struct cp_kernel_view view = view_of();
	struct cp_topology topology;
	const struct cp_next_hop *hop;
	uint32_t dropped;

	CU_ASSERT_EQUAL_FATAL(cp_topology_kernel(config, &view, &topology, &dropped), 0);
	CU_ASSERT_EQUAL(dropped, 0);
	CU_ASSERT_EQUAL(topology.hops_count, 3);
	CU_ASSERT_PTR_NULL(hop_of(&topology, "10.2.0.77"));
	CU_ASSERT_PTR_NULL(hop_of(&topology, "10.9.0.12")); // reached by a gateway
	hop = hop_of(&topology, "10.2.0.11");
	CU_ASSERT_PTR_NOT_NULL_FATAL(hop);
	CU_ASSERT(hop->known && hop->port == 1 && hop->mac[5] == 0x11);
	hop = hop_of(&topology, "10.1.0.254");
	CU_ASSERT_PTR_NOT_NULL_FATAL(hop);
	CU_ASSERT(!hop->known && hop->port == 0);
	CU_ASSERT_EQUAL(topology.links[1].ifindex, 6);
	cp_topology_fini(&topology);
	cp_config_free(config);
}

static void best_route_first(void)
{
	struct cp_config *config = config_from("%s", CONFIG);
	struct cp_kernel_view view = view_of();
	struct cp_topology topology;
	uint32_t dropped;

	CU_ASSERT_EQUAL_FATAL(cp_topology_kernel(config, &view, &topology, &dropped), 0);
	CU_ASSERT_EQUAL_FATAL(topology.routes_count, 3); // the worse metric is left out
	CU_ASSERT(topology.routes[0].length == 24 && !topology.routes[0].gateway);
	CU_ASSERT(topology.routes[1].length == 16 && topology.routes[1].gateway == ip("10.2.0.99"));
	CU_ASSERT(topology.routes[2].length == 0 && topology.routes[2].port == 0);
	cp_topology_fini(&topology);
	cp_config_free(config);
}

static void order_does_not_matter(void)
{
	struct cp_config *config = config_from("%s", CONFIG);
	struct cp_kernel_view view = view_of();
	struct cp_topology first, second;
	struct cp_kernel_neighbor neighbor;
	struct cp_kernel_route route;
	uint32_t dropped;

	CU_ASSERT_EQUAL_FATAL(cp_topology_kernel(config, &view, &first, &dropped), 0);
	route = routes[0], routes[0] = routes[3], routes[3] = route;
	neighbor = neighbors[0], neighbors[0] = neighbors[2], neighbors[2] = neighbor;
	CU_ASSERT_EQUAL_FATAL(cp_topology_kernel(config, &view, &second, &dropped), 0);
	CU_ASSERT(cp_topology_same(&first, &second));
	second.hops[0].known = !second.hops[0].known;
	CU_ASSERT(!cp_topology_same(&first, &second));
	route = routes[0], routes[0] = routes[3], routes[3] = route;
	neighbor = neighbors[0], neighbors[0] = neighbors[2], neighbors[2] = neighbor;
	cp_topology_fini(&first);
	cp_topology_fini(&second);
	cp_config_free(config);
}

static void link_down_knows_nobody(void)
{
	struct cp_config *config = config_from("%s", CONFIG);
	struct cp_kernel_view view = view_of();
	struct cp_topology topology;
	uint32_t dropped;

	view.links[1].up = false;
	CU_ASSERT_EQUAL_FATAL(cp_topology_kernel(config, &view, &topology, &dropped), 0);
	for (uint32_t i = 0; i < topology.hops_count; i++)
		CU_ASSERT(!topology.hops[i].known);
	cp_topology_fini(&topology);
	cp_config_free(config);
}

static void own_neighbors_go_first(void)
{
	struct cp_config *config = config_from("%s", CONFIG
		"neighbors = ( { address = \"10.2.0.11\"; mac = \"02:00:00:00:00:55\"; port = \"back\"; },\n"
		"{ address = \"192.0.2.0/24\"; mac = \"02:00:00:00:00:66\"; port = \"front\"; } );\n");
	struct cp_kernel_view view = view_of();
	struct cp_topology topology;
	const struct cp_next_hop *hop;
	uint32_t dropped;

	CU_ASSERT_EQUAL_FATAL(cp_topology_kernel(config, &view, &topology, &dropped), 0);
	hop = hop_of(&topology, "10.2.0.11");
	CU_ASSERT_PTR_NOT_NULL_FATAL(hop);
	CU_ASSERT(hop->known && hop->fixed && hop->mac[5] == 0x55); // fixed: the kernel is not asked for it
	hop = hop_of(&topology, "0.0.0.2"); // stands for the prefix, and is nobody
	CU_ASSERT_PTR_NOT_NULL_FATAL(hop);
	CU_ASSERT(hop->known && hop->fixed && hop->mac[5] == 0x66);
	hop = hop_of(&topology, "10.1.0.254");
	CU_ASSERT_PTR_NOT_NULL_FATAL(hop);
	CU_ASSERT(!hop->fixed);
	CU_ASSERT_EQUAL(topology.hops_count, 4);
	CU_ASSERT_EQUAL(topology.routes_count, 4);
	cp_topology_fini(&topology);
	cp_config_free(config);
}

static void a_full_table_is_thinned(void)
{
	struct cp_config *config = config_from("%s", CONFIG);
	struct cp_kernel_view view = view_of();
	uint32_t count = POISE_MAX_ROUTES + 500, dropped;
	struct cp_kernel_route *many = check_memory((count + 4) * sizeof(*many));
	struct cp_topology topology;

	memcpy(many, routes, sizeof(routes));
	for (uint32_t i = 0; i < count; i++)
		many[4 + i] = (struct cp_kernel_route){ .prefix = htonl(0x2d000000 + (i << 8)), .length = 24,
							.gateway = ip("10.1.0.254"), .port = 0 };
	view.routes = many;
	view.routes_count = count + 4;
	CU_ASSERT_EQUAL_FATAL(cp_topology_kernel(config, &view, &topology, &dropped), 0);
	CU_ASSERT_EQUAL(dropped, count);
	CU_ASSERT_EQUAL(topology.routes_count, 3);
	cp_topology_fini(&topology);
	free(many);
	cp_config_free(config);
}

static const struct check_case cases[] = {
	{ "next hops are those of backends and gateways", needed_hops_only },
	{ "longest prefix first, best metric wins", best_route_first },
	{ "the kernel's order does not matter", order_does_not_matter },
	{ "a link that is down has no known next hop", link_down_knows_nobody },
	{ "neighbors of the config go before learnt ones", own_neighbors_go_first },
	{ "a full routing table keeps what backends need", a_full_table_is_thinned },
};

CHECK_MAIN("topology", cases)
