// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Next hops: what a flow remembers must go on to lead to its client.
#include "compile_world.h"

#define TWO_PORTS "ports = ( { name = \"front\"; interface = \"e0\"; }, { name = \"back\"; interface = \"e1\"; } );\n"
#define WEB "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80; backends = ( { name = \"web1\"; address = "  \
	    "\"10.0.0.1\"; } ); } );"

struct world {
	struct cp_config *config;
	struct cp_topology topology;
	struct cp_next_hop hops[16];
	struct cp_route routes[16];
	struct poise_snapshot *snapshot;
};

static void world_init(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->config = config_from("%s", TWO_PORTS WEB);
	world->topology.hops = world->hops;
	world->topology.routes = world->routes;
	world->topology.links[0] = (struct cp_link){ 3, { 2, 0, 0, 0, 0, 0xf0 } };
	world->topology.links[1] = (struct cp_link){ 4, { 2, 0, 0, 0, 0, 0xf1 } };
}

static void world_fini(struct world *world)
{
	free(world->snapshot);
	cp_config_free(world->config);
}

static void hop(struct world *world, const char *address, uint16_t port, uint8_t mac)
{
	world->hops[world->topology.hops_count++] =
		(struct cp_next_hop){ inet_addr(address), port, { 2, 0, 0, 0, 1, mac }, mac != 0 };
}

static void route(struct world *world, const char *prefix, uint8_t length, uint16_t port, const char *gateway)
{
	world->routes[world->topology.routes_count++] =
		(struct cp_route){ inet_addr(prefix), length, port, gateway ? inet_addr(gateway) : 0 };
}

static void forget(struct world *world)
{
	world->topology.hops_count = 0;
	world->topology.routes_count = 0;
}

static void compile(struct world *world)
{
	struct poise_snapshot *made =
		snapshot_of(world->config, NULL, &world->topology, world->snapshot, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(made);
	free(world->snapshot);
	world->snapshot = made;
}

// The entry that a new flow of this client would remember.
static uint16_t remembered(const struct world *world, const char *client)
{
	const struct poise_route *found = poise_route_find(world->snapshot, inet_addr(client));

	return found ? found->egress : POISE_NONE16;
}

// Last byte of the link address that an entry leads to; -1 when it leads nowhere.
static int leads_to(const struct world *world, uint16_t egress)
{
	const struct poise_egress *entry = &world->snapshot->egress[egress];

	if (!(entry->flags & POISE_EGRESS_KNOWN))
		return -1;
	CU_ASSERT_EQUAL(memcmp(entry->src_mac, world->topology.links[entry->port].mac, 6), 0);
	return entry->dst_mac[5];
}

static int backend_leads_to(const struct world *world)
{
	return leads_to(world, world->snapshot->backends[0].egress);
}

static void longest_prefix_first(void)
{
	struct world world;

	world_init(&world);
	hop(&world, "192.0.2.1", 0, 1);
	hop(&world, "192.0.2.2", 0, 2);
	route(&world, "0.0.0.0", 0, 0, "192.0.2.1");
	route(&world, "192.0.2.0", 24, 0, NULL);
	route(&world, "198.51.100.0", 24, 0, "192.0.2.2");
	route(&world, "198.51.100.128", 25, 0, "192.0.2.3"); // never answered
	route(&world, "198.51.100.0", 24, 1, "192.0.2.1");   // the second of one prefix
	route(&world, "198.51.100.1", 16, 1, "192.0.2.1");   // damaged: bits behind the prefix
	route(&world, "10.9.0.0", 16, 5, NULL);		     // damaged: no such port
	compile(&world);
	CU_ASSERT_EQUAL(world.snapshot->routes_count, 4);
	CU_ASSERT_EQUAL(leads_to(&world, remembered(&world, "8.8.8.8")), 1);
	CU_ASSERT_EQUAL(remembered(&world, "192.0.2.77"), POISE_NONE16);
	CU_ASSERT_EQUAL(leads_to(&world, remembered(&world, "198.51.100.1")), 2);
	CU_ASSERT_EQUAL(remembered(&world, "198.51.100.129"), POISE_NONE16);
	world_fini(&world);
}

static void way_to_a_backend(void)
{
	struct world world;

	world_init(&world);
	compile(&world);
	CU_ASSERT_EQUAL(backend_leads_to(&world), -1);
	CU_ASSERT_EQUAL(world.snapshot->vips[0].slot_count, 0);
	hop(&world, "192.0.2.1", 0, 1);
	route(&world, "0.0.0.0", 0, 0, "192.0.2.1");
	compile(&world);
	CU_ASSERT_EQUAL(backend_leads_to(&world), 1); // by the gateway
	CU_ASSERT_EQUAL(world.snapshot->vips[0].slot_count, 1);
	route(&world, "10.0.0.0", 24, 1, NULL);
	compile(&world);
	CU_ASSERT_EQUAL(backend_leads_to(&world), 1); // on-link and not resolved: what was known
	CU_ASSERT_EQUAL(world.snapshot->vips[0].slot_count, 0); // but nothing new
	hop(&world, "10.0.0.1", 0, 8);
	hop(&world, "10.0.0.1", 1, 9);
	compile(&world);
	CU_ASSERT_EQUAL(backend_leads_to(&world), 9); // itself, behind the route's port
	CU_ASSERT_EQUAL(world.snapshot->egress[world.snapshot->backends[0].egress].port, 1);
	world_fini(&world);
}

static void an_entry_follows_its_prefix(void)
{
	struct world world;
	uint16_t entry, other;

	world_init(&world);
	hop(&world, "192.0.2.1", 0, 1);
	hop(&world, "192.0.2.2", 0, 2);
	route(&world, "0.0.0.0", 0, 0, "192.0.2.1");
	route(&world, "198.51.100.0", 24, 0, "192.0.2.2");
	compile(&world);
	entry = remembered(&world, "198.51.100.1");
	other = remembered(&world, "8.8.8.8");
	CU_ASSERT_NOT_EQUAL(entry, other);
	forget(&world); // another gateway, another port, and the neighbour table is not complete
	hop(&world, "192.0.3.3", 1, 3);
	hop(&world, "192.0.2.1", 0, 0);
	route(&world, "198.51.100.0", 24, 1, "192.0.3.3");
	route(&world, "0.0.0.0", 0, 0, "192.0.2.1");
	compile(&world);
	CU_ASSERT_EQUAL(remembered(&world, "198.51.100.1"), entry);
	CU_ASSERT_EQUAL(leads_to(&world, entry), 3);
	CU_ASSERT_EQUAL(world.snapshot->egress[entry].port, 1);
	CU_ASSERT_EQUAL(remembered(&world, "8.8.8.8"), other);
	CU_ASSERT_EQUAL(leads_to(&world, other), 1); // what was known
	world_fini(&world);
}

static void a_withdrawn_route_is_covered(void)
{
	struct world world;
	uint16_t entry, third;

	world_init(&world);
	hop(&world, "192.0.2.1", 0, 1);
	hop(&world, "192.0.2.2", 0, 2);
	hop(&world, "192.0.2.3", 0, 3);
	route(&world, "0.0.0.0", 0, 0, "192.0.2.1");
	route(&world, "198.51.100.0", 24, 0, "192.0.2.2");
	compile(&world);
	entry = remembered(&world, "198.51.100.1");
	world.topology.routes_count = 1;
	for (int i = 0; i < 3; i++) { // for good, not for one generation
		compile(&world);
		CU_ASSERT_EQUAL(world.snapshot->routes_count, 1);
		CU_ASSERT_EQUAL(leads_to(&world, entry), 1);
	}
	route(&world, "198.51.0.0", 16, 0, "192.0.2.3");
	compile(&world);
	third = remembered(&world, "198.51.100.1");
	CU_ASSERT_NOT_EQUAL(third, entry);
	CU_ASSERT_EQUAL(leads_to(&world, entry), 3);
	route(&world, "198.51.100.0", 24, 0, "192.0.2.2");
	compile(&world);
	CU_ASSERT_EQUAL(remembered(&world, "198.51.100.1"), entry); // it is back
	CU_ASSERT_EQUAL(leads_to(&world, entry), 2);
	forget(&world);
	compile(&world);
	CU_ASSERT_EQUAL(leads_to(&world, entry), 2); // nothing covers it: what was known
	CU_ASSERT_EQUAL(world.snapshot->routes_count, 0);
	world_fini(&world);
}

static void too_many_routes(void)
{
	struct world world;
	uint32_t count = POISE_MAX_ROUTES + 1;
	struct cp_route *many = check_memory(count * sizeof(*many));

	world_init(&world);
	hop(&world, "192.0.2.1", 0, 1);
	for (uint32_t i = 0; i < count; i++)
		many[i] = (struct cp_route){ htonl(i << 8), 24, 0, inet_addr("192.0.2.1") };
	world.topology.routes = many;
	world.topology.routes_count = count;
	compile(&world);
	CU_ASSERT_EQUAL(world.snapshot->routes_count, 0);
	world.topology.routes_count = count - 1;
	compile(&world);
	CU_ASSERT_EQUAL(world.snapshot->routes_count, POISE_MAX_ROUTES);
	for (uint32_t i = 0; i < count - 1; i++)
		many[i].prefix = htonl((i + 5000) << 8); // all others: the entries of the old ones give way in turn
	for (int i = 0; i < 6; i++)
		compile(&world);
	CU_ASSERT_EQUAL(leads_to(&world, remembered(&world, "0.19.136.1")), 1); // 5000 * 256
	free(many);
	world_fini(&world);
}

static void static_topology(void)
{
	struct cp_config *config = config_from(
		"dataplane = { mode = \"vdev\"; }; ports = ( { name = \"a\"; vdev = \"net_null0\"; mac = "
		"\"02:00:00:00:00:01\"; } );\nneighbors = ( { address = \"0.0.0.0/0\"; mac = \"02:00:00:00:00:0a\"; port "
		"= \"a\"; }, { address = \"10.0.0.1\"; mac = \"02:00:00:00:00:0b\"; port = \"a\"; } ); %s", WEB);
	struct cp_topology topology;
	struct poise_snapshot *s;

	CU_ASSERT_EQUAL(cp_topology_static(config, &topology), 0);
	CU_ASSERT_EQUAL(topology.links[0].mac[5], 1);
	CU_ASSERT_EQUAL(topology.hops_count, 2);
	CU_ASSERT_EQUAL(topology.routes_count, 1);
	s = snapshot_of(config, NULL, &topology, NULL, NULL);
	CU_ASSERT_EQUAL(s->egress[s->backends[0].egress].dst_mac[5], 0x0b);
	CU_ASSERT_EQUAL(s->routes_count, 1);
	CU_ASSERT_EQUAL(s->egress[poise_route_find(s, inet_addr("8.8.8.8"))->egress].dst_mac[5], 0x0a);
	cp_topology_fini(&topology);
	CU_ASSERT_PTR_NULL(topology.hops);
	free(s);
	cp_config_free(config);
}

static const struct check_case cases[] = {
	{ "longest prefix first", longest_prefix_first },
	{ "the way to a backend", way_to_a_backend },
	{ "an entry follows its prefix", an_entry_follows_its_prefix },
	{ "a withdrawn route is covered", a_withdrawn_route_is_covered },
	{ "too many routes", too_many_routes },
	{ "topology of the config", static_topology },
};

CHECK_MAIN("compile_route", cases)
