// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Sums over workers and shards, and the state that people are told about a backend.
#include "app_world.h"

static const struct cp_view_backend *row(const struct cp_view *view, const char *service, const char *backend)
{
	for (uint32_t i = 0; i < view->backends_count; i++)
		if (strcmp(view->backends[i].service, service) == 0 &&
		    strcmp(view->backends[i].name, backend) == 0)
			return &view->backends[i];
	return NULL;
}

static enum cp_view_state state_of(const struct app_world *world, const char *service, const char *backend)
{
	enum cp_view_state state = CP_VIEW_STATES;
	const struct cp_view_backend *found;
	struct cp_view view;

	CU_ASSERT_EQUAL_FATAL(cp_view_make(&world->app, &view), 0);
	found = row(&view, service, backend);
	if (found)
		state = found->state;
	// Who is not up has a reason, who is up needs none.
	CU_ASSERT_TRUE(!found || (state == CP_VIEW_UP) == !*found->reason);
	cp_view_fini(&view);
	return state;
}

static void counters_are_sums(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	uint64_t counters[POISE_COUNTERS], kinds[POISE_KIND_EVENT + 1];

	for (uint32_t w = 0; w < APP_WORKERS; w++) {
		world->stats->worker[w].counters[POISE_FORWARDED] = 1000ull << (20 * w);
		world->stats->worker[w].counters[POISE_RUNT] = w;
		world->stats->worker[w].counters[POISE_NO_FLOW] = 1;
		world->stats->worker[w].counters[POISE_FLOW_CREATED] = 5;
	}
	cp_view_counters(&world->app.dataplane, counters);
	cp_view_kinds(counters, kinds);
	CU_ASSERT_EQUAL(counters[POISE_FORWARDED], 1000 + (1000ull << 20) + (1000ull << 40));
	CU_ASSERT_EQUAL(counters[POISE_RUNT], 3);
	CU_ASSERT_EQUAL(counters[POISE_ECHO_ANSWERED], 0);
	CU_ASSERT_EQUAL(kinds[POISE_KIND_DROP], 6);
	CU_ASSERT_EQUAL(kinds[POISE_KIND_EVENT], 15);
	CU_ASSERT_EQUAL(kinds[POISE_KIND_REPLY], 0);
	app_free(world);
}

static void page_is_not_trusted(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	struct cp_dataplane_link *link = &world->app.dataplane;
	struct cp_view_traffic traffic;
	struct poise_stats_port port;

	CU_ASSERT_EQUAL(cp_view_workers(link), APP_WORKERS);
	world->stats->workers = 4000000000u;
	CU_ASSERT_EQUAL(cp_view_workers(link), APP_WORKERS); // no more than is mapped
	link->stats_bytes -= 1;
	CU_ASSERT_EQUAL(cp_view_workers(link), APP_WORKERS - 1);
	link->stats_bytes = sizeof(struct poise_stats) - 1;
	CU_ASSERT_EQUAL(cp_view_workers(link), 0);
	link->stats_bytes = world->stats->size;
	world->stats->abi_version++;
	CU_ASSERT_EQUAL(cp_view_workers(link), 0);
	link->stats = NULL;
	cp_view_traffic(link, 0, &traffic);
	CU_ASSERT_EQUAL(traffic.flows_created, 0);
	cp_view_port(link, POISE_MAX_PORTS, &port);
	CU_ASSERT_EQUAL(port.rx_packets, 0);
	app_free(world);
}

static void active_flows_never_go_below_zero(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	struct cp_view_traffic traffic;

	world->stats->worker[0].backends[1].flows_created = 10;
	world->stats->worker[1].backends[1].flows_removed = 4; // made by one worker, removed by another
	world->stats->worker[2].backends[1].bytes[POISE_OUTWARD] = 7;
	cp_view_traffic(&world->app.dataplane, 1, &traffic);
	CU_ASSERT_EQUAL(traffic.flows_created, 10);
	CU_ASSERT_EQUAL(traffic.flows_active, 6);
	CU_ASSERT_EQUAL(traffic.bytes_outward, 7);
	world->stats->worker[1].backends[1].flows_found = 3; // of an earlier dataplane, which created them
	cp_view_traffic(&world->app.dataplane, 1, &traffic);
	CU_ASSERT_EQUAL(traffic.flows_created, 10);
	CU_ASSERT_EQUAL(traffic.flows_active, 9);
	world->stats->rx_missed[1] = 8;
	CU_ASSERT_EQUAL(cp_view_missed(&world->app.dataplane, 1), 8);
	CU_ASSERT_EQUAL(cp_view_missed(&world->app.dataplane, POISE_MAX_PORTS), 0);
	poise_heartbeat(&world->app.flows.table, 2)->beat_ns = 77;
	CU_ASSERT_EQUAL(cp_view_beat_ns(&world->app.flows, 2), 77);
	world->stats->worker[1].backends[1].flows_removed = 40; // of an earlier dataplane
	cp_view_traffic(&world->app.dataplane, 1, &traffic);
	CU_ASSERT_EQUAL(traffic.flows_active, 0);
	cp_view_traffic(&world->app.dataplane, POISE_NONE16, &traffic);
	CU_ASSERT_EQUAL(traffic.flows_created, 0);
	app_free(world);
}

static void flow_table_adds_shards(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	struct cp_view_flow_table view;
	struct cp_flow_memory none = {0};

	for (uint32_t i = 0; i < POISE_SHARDS; i++) {
		poise_shard(&world->app.flows.table, i)->used = i;
		poise_shard(&world->app.flows.table, i)->half_open = 1;
	}
	poise_shard(&world->app.flows.table, 7)->probe_worst = 5;
	cp_view_flow_table(&world->app.flows, NULL, &view);
	CU_ASSERT_TRUE(view.present);
	CU_ASSERT_EQUAL(view.used, 63 * 64 / 2);
	CU_ASSERT_EQUAL(view.half_open, 64);
	CU_ASSERT_EQUAL(view.probe_worst, 5);
	CU_ASSERT_TRUE(view.capacity >= APP_FLOWS);
	cp_view_flow_table(&none, NULL, &view);
	CU_ASSERT_FALSE(view.present);
	app_free(world);
}

// The kernel has lost a neighbour.
static void forget_hop(struct app_world *world, uint8_t last_mac_byte)
{
	struct cp_topology *topology = &world->app.topology;

	for (uint32_t i = 0; i < topology->hops_count; i++)
		if (topology->hops[i].mac[5] == last_mac_byte)
			topology->hops[i].known = false;
	cp_changed(&world->app);
	app_turn(world);
}

static void states_are_told(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	struct cp_backend_state *web1 = cp_app_state(&world->app, "web", "web1");

	CU_ASSERT_EQUAL(state_of(world, "db", "web1"), CP_VIEW_UP);
	forget_hop(world, 0x22);
	CU_ASSERT_EQUAL(state_of(world, "web", "web1"), CP_VIEW_UP);
	CU_ASSERT_EQUAL(state_of(world, "web", "web3"), CP_VIEW_STANDBY);
	CU_ASSERT_EQUAL(state_of(world, "db", "pg1"), CP_VIEW_UP);
	CU_ASSERT_EQUAL(state_of(world, "db", "web1"), CP_VIEW_DOWN);
	web1->healthy = false; // as one whose check has not begun
	CU_ASSERT_EQUAL(state_of(world, "web", "web1"), CP_VIEW_UNKNOWN);
	web1->draining = true;
	CU_ASSERT_EQUAL(state_of(world, "web", "web1"), CP_VIEW_DRAINING);
	web1->disabled = true;
	CU_ASSERT_EQUAL(state_of(world, "web", "web1"), CP_VIEW_DISABLED);
	cp_app_state(&world->app, "web", "web2")->weight = 0;
	CU_ASSERT_EQUAL(state_of(world, "web", "web2"), CP_VIEW_DRAINING);
	cp_changed(&world->app);
	app_turn(world);
	CU_ASSERT_EQUAL(state_of(world, "web", "web3"), CP_VIEW_UP); // no active one is left
	app_free(world);
}

static void services_count_what_is_up(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	struct cp_view view;

	world->stats->worker[0].backends[app_backend(world, "web1", 0)].flows_created = 3;
	world->stats->worker[1].backends[app_backend(world, "web2", 0)].flows_created = 4;
	CU_ASSERT_EQUAL_FATAL(cp_view_make(&world->app, &view), 0);
	CU_ASSERT_EQUAL_FATAL(view.services_count, 2);
	CU_ASSERT_EQUAL(view.backends_count, 5);
	CU_ASSERT_EQUAL(view.services[0].configured, 3);
	CU_ASSERT_EQUAL(view.services[0].up, 2);
	CU_ASSERT_EQUAL(view.services[0].traffic.flows_created, 7);
	CU_ASSERT_EQUAL(view.services[1].up, 2);
	CU_ASSERT_EQUAL(row(&view, "web", "web1")->port, 8443);
	CU_ASSERT_EQUAL(row(&view, "web", "web2")->port, 443); // the service's
	cp_view_fini(&view);
	app_free(world);
}

// A backend with a new address is a new one: the old one keeps its index and flows under the same name.
static void removed_backends_stay_in_sight(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	uint32_t index = app_backend(world, "pg1", 0), removed = 0;
	struct cp_view view;

	poise_record(&world->app.flows.table, 1)->state = POISE_STATE_ESTABLISHED;
	poise_record(&world->app.flows.table, 1)->backend_index = (uint16_t)index;
	poise_shard(&world->app.flows.table, 0)->used_top = 1;
	world->stats->worker[0].backends[index].flows_created = 9;
	app_config(world,
		   config_from(APP_PORTS
			       "services = ( { name = \"db\"; vip = \"203.0.113.20\"; port = 5432;"
			       "  health = { type = \"none\"; };"
			       "  backends = ( { name = \"pg1\"; address = \"10.10.0.99\"; } ); } );"));
	CU_ASSERT_EQUAL_FATAL(cp_view_make(&world->app, &view), 0);
	CU_ASSERT_EQUAL(view.services_count, 1);
	for (uint32_t i = 0; i < view.backends_count; i++)
		removed += view.backends[i].state == CP_VIEW_REMOVED;
	CU_ASSERT_TRUE(removed >= 1);
	CU_ASSERT_EQUAL(row(&view, "db", "pg1")->state, CP_VIEW_UP);
	CU_ASSERT_EQUAL(row(&view, "db", "pg1")->traffic.flows_created, 0);
	CU_ASSERT_EQUAL(view.services[0].traffic.flows_created, 9);
	cp_view_fini(&view);
	app_free(world);
}

static void ready_says_why_not(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	const char *why = "x";

	CU_ASSERT_TRUE(cp_view_ready(&world->app, &why));
	CU_ASSERT_PTR_NULL(why);
	world->app.dataplane.generation--;
	world->app.behind_since_ns = cp_view_now_ns(); // a change is under way
	CU_ASSERT_TRUE(cp_view_ready(&world->app, &why));
	CU_ASSERT_PTR_NULL(why);
	CU_ASSERT_FALSE(cp_view_current(&world->app, &why));
	CU_ASSERT_PTR_NOT_NULL(why);
	world->app.behind_since_ns -= CP_VIEW_BEHIND_NS; // and does not come to an end
	why = NULL;
	CU_ASSERT_FALSE(cp_view_ready(&world->app, &why));
	CU_ASSERT_PTR_NOT_NULL(why);
	world->app.behind_since_ns = cp_view_now_ns();
	world->app.dataplane.state = CP_DATAPLANE_BACKOFF;
	CU_ASSERT_FALSE(cp_view_ready(&world->app, NULL));
	app_free(world);
}

static const struct check_case cases[] = {
	{"counters are sums over workers", counters_are_sums},
	{"the stats page is bounded by what is mapped", page_is_not_trusted},
	{"active flows never go below zero", active_flows_never_go_below_zero},
	{"the flow table adds its shards up", flow_table_adds_shards},
	{"states of backends", states_are_told},
	{"services count what is up", services_count_what_is_up},
	{"removed backends stay in sight", removed_backends_stay_in_sight},
	{"ready says why not", ready_says_why_not},
};
CHECK_MAIN("view", cases)
