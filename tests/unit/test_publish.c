// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The road of every change: a generation only when a packet would see the difference, numbers that go on after
// restarts of either side, and indices of removed backends that stay taken while flows use them.
#include <unistd.h>

#include <poise/table_ops.h>

#include "app_world.h"

#define SERVICE(backends)                                                                                  \
	APP_PORTS "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 443;"                     \
		  " health = { type = \"none\"; }; backends = ( " backends " ); } );"
#define ONE "{ name = \"one\"; address = \"10.10.0.11\"; }"
#define TWO "{ name = \"two\"; address = \"10.10.0.12\"; }"
#define NEW "{ name = \"new\"; address = \"10.10.0.13\"; }"

static uint64_t generation(const struct app_world *world)
{
	return world->app.snapshot->generation;
}

static void same_is_not_sent(void)
{
	struct app_world *world = app_world(SERVICE(ONE "," TWO));
	uint64_t first = generation(world);

	CU_ASSERT_EQUAL(first, 1);
	CU_ASSERT_EQUAL(cp_publish_now(world->app.publish, &world->report), 0);
	CU_ASSERT_EQUAL(generation(world), first);
	app_config(world, config_from("%s", SERVICE(ONE "," TWO) "# a comment\n"));
	CU_ASSERT_EQUAL(generation(world), first);
	app_config(world, config_from("%s", SERVICE(ONE)));
	CU_ASSERT_EQUAL(generation(world), first + 1);
	app_free(world);
}

static void changes_of_a_turn_go_together(void)
{
	struct app_world *world = app_world(SERVICE(ONE "," TWO));
	uint64_t first = generation(world);

	cp_app_state(&world->app, "web", "one")->draining = true;
	cp_changed(&world->app);
	cp_app_state(&world->app, "web", "two")->draining = true;
	cp_changed(&world->app);
	CU_ASSERT_EQUAL(generation(world), first); // not yet
	app_turn(world);
	CU_ASSERT_EQUAL(generation(world), first + 1);
	CU_ASSERT_EQUAL(world->app.snapshot->vips[0].slot_count, 0);
	app_free(world);
}

static void trying_changes_nothing(void)
{
	struct app_world *world = app_world(SERVICE(ONE "," TWO));
	struct poise_snapshot *before = world->app.snapshot;
	struct cp_config *other = config_from("%s", SERVICE(NEW));
	struct cp_topology topology;
	struct cp_states states = { 0 };

	CU_ASSERT_EQUAL(cp_states_sync(&states, other, false), 0);
	CU_ASSERT_EQUAL(cp_topology_static(other, &topology), 0);
	CU_ASSERT_EQUAL(cp_publish_try(world->app.publish, other, &states, &topology, &world->report), 0);
	CU_ASSERT(world->app.snapshot == before && generation(world) == 1);
	CU_ASSERT_STRING_EQUAL(before->backend_names[0], "one");
	cp_states_fini(&states);
	cp_topology_fini(&topology);
	cp_config_free(other);
	app_free(world);
}

// A dataplane that is there already says which generation it runs.
static void numbers_go_on(void)
{
	struct app_world *world = app_world(SERVICE(ONE "," TWO));

	cp_publish_welcome(&world->app, 0); // has none
	CU_ASSERT_EQUAL(generation(world), 1);
	cp_publish_welcome(&world->app, 41); // of another poised: the next one must be higher
	CU_ASSERT_EQUAL(generation(world), 42);
	cp_publish_settled(&world->app, 42);
	cp_publish_welcome(&world->app, 42); // our own
	CU_ASSERT_EQUAL(generation(world), 42);
	cp_publish_welcome(&world->app, 40); // behind us
	CU_ASSERT_EQUAL(generation(world), 42);
	app_config(world, config_from("%s", SERVICE(ONE)));
	CU_ASSERT_EQUAL(generation(world), 43);
	cp_publish_welcome(&world->app, 43); // the same number, not known to be ours
	CU_ASSERT_EQUAL(generation(world), 44);
	app_free(world);
}

static void restarts_go_on(void)
{
	struct app_world *world = app_world(SERVICE(ONE "," TWO));
	char path[96];
	FILE *file;

	app_config(world, config_from("%s", SERVICE(TWO)));
	CU_ASSERT_EQUAL(generation(world), 2);
	cp_publish_destroy(world->app.publish, false); // the file stays
	free(world->app.snapshot);
	world->app.snapshot = NULL;
	world->app.publish = cp_publish_create(&world->app);
	CU_ASSERT_PTR_NOT_NULL_FATAL(world->app.snapshot);
	CU_ASSERT_EQUAL(generation(world), 2);
	CU_ASSERT_EQUAL(app_backend(world, "two", 0), 1); // at its old place
	// A file that is damaged is left aside.
	cp_publish_destroy(world->app.publish, false);
	free(world->app.snapshot);
	world->app.snapshot = NULL;
	snprintf(path, sizeof(path), "%s/snapshot.bin", world->directory);
	file = fopen(path, "r+");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs("damaged", file);
	fclose(file);
	world->app.publish = cp_publish_create(&world->app);
	CU_ASSERT_PTR_NULL(world->app.snapshot);
	CU_ASSERT_EQUAL(cp_publish_now(world->app.publish, &world->report), 0);
	CU_ASSERT_EQUAL(generation(world), 1);
	app_free(world);
}

// A record as a worker would leave it.
static struct poise_flow *flow_of(struct app_world *world, uint32_t backend)
{
	struct poise_table *table = &world->app.flows.table;
	__u32 number = poise_record_allocate(table, 3);
	struct poise_flow *flow = poise_record(table, number);

	flow->state = POISE_STATE_ESTABLISHED;
	flow->last_seen_ms = (__u32)(cp_view_now_ns() / 1000000); // else it is over where the machine runs long enough
	flow->backend_index = (__u16)backend;
	flow->last_seen_ms = (__u32)(cp_view_now_ns() / 1000000);
	poise_record_publish(flow);
	return flow;
}

static void indices_with_flows_stay_taken(void)
{
	struct app_world *world = app_world(SERVICE(ONE "," TWO));
	struct poise_flow *flow = flow_of(world, 1);

	app_config(world, config_from("%s", SERVICE(ONE)));
	CU_ASSERT(world->app.snapshot->backends[1].flags & POISE_BACKEND_REMOVED);
	app_config(world, config_from("%s", SERVICE(ONE "," NEW)));
	CU_ASSERT_EQUAL(app_backend(world, "new", 0), 2);
	CU_ASSERT_STRING_EQUAL(world->app.snapshot->backend_names[1], "two"); // its flows still have a name
	flow->state = POISE_STATE_FREE;
	CU_ASSERT_EQUAL(cp_publish_now(world->app.publish, &world->report), 0);
	CU_ASSERT_FALSE(world->app.snapshot->backends[1].flags & POISE_BACKEND_REMOVED);
	app_config(world, config_from("%s", SERVICE(ONE "," NEW "," TWO)));
	CU_ASSERT_EQUAL(app_backend(world, "two", 0), 1); // free again
	app_free(world);
}

// Nobody removes it in mode xdp, and nobody uses it any more.
static void indices_with_flows_that_are_over_do_not(void)
{
	struct app_world *world = app_world(SERVICE(ONE "," TWO));
	struct poise_flow *flow = flow_of(world, 1);

	app_config(world, config_from("%s", SERVICE(ONE)));
	flow->last_seen_ms -= 7440 * 1000 - 60 * 1000; // a minute is left
	CU_ASSERT_EQUAL(cp_publish_now(world->app.publish, &world->report), 0);
	CU_ASSERT(world->app.snapshot->backends[1].flags & POISE_BACKEND_REMOVED);
	flow->last_seen_ms -= 60 * 1000;
	CU_ASSERT_EQUAL(cp_publish_now(world->app.publish, &world->report), 0);
	CU_ASSERT_FALSE(world->app.snapshot->backends[1].flags & POISE_BACKEND_REMOVED);
	app_free(world);
}

static const struct check_case cases[] = {
	{ "the same is not sent", same_is_not_sent },
	{ "changes of a turn go together", changes_of_a_turn_go_together },
	{ "trying changes nothing", trying_changes_nothing },
	{ "numbers go on", numbers_go_on },
	{ "restarts go on", restarts_go_on },
	{ "indices with flows stay taken", indices_with_flows_stay_taken },
	{ "indices with flows that are over do not", indices_with_flows_that_are_over_do_not },
};

CHECK_MAIN("publish", cases)
