// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// States of backends over reloads and over a restart of poised.
#include "check.h"
#include "compile_world.h"
#include "states.h"

#define SERVICE(backends, rest)                                                                               \
	VDEV "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80; " rest " backends = (" backends ");" \
	     " } );\n"
#define ONE "{ name = \"one\"; address = \"10.0.0.1\"; }"
#define TWO "{ name = \"two\"; address = \"10.0.0.2\"; }"

static void sync_to(struct cp_states *states, const char *text, bool healthy)
{
	struct cp_config *config = config_from("%s", text);

	CU_ASSERT_EQUAL(cp_states_sync(states, config, healthy), 0);
	cp_config_free(config);
}

static void kept_by_name(void)
{
	struct cp_states states = {0};
	struct cp_backend_state *one;

	sync_to(&states, SERVICE(ONE "," TWO, ""), false);
	CU_ASSERT_EQUAL(states.count, 2);
	one = cp_states_find(&states, "web", "one");
	CU_ASSERT_PTR_NOT_NULL_FATAL(one);
	CU_ASSERT(!one->healthy && !one->disabled && one->weight == -1);
	one->healthy = one->draining = true;
	one->weight = 7;
	sync_to(&states, SERVICE(TWO "," ONE, ""), false);
	one = cp_states_find(&states, "web", "one");
	CU_ASSERT_PTR_NOT_NULL_FATAL(one);
	CU_ASSERT(one->healthy && one->draining && one->weight == 7);
	sync_to(&states, SERVICE(TWO, ""), false);
	CU_ASSERT_EQUAL(states.count, 1);
	CU_ASSERT_PTR_NULL(cp_states_find(&states, "web", "one"));
	sync_to(&states, SERVICE(ONE "," TWO, ""), false);
	one = cp_states_find(&states, "web", "one");
	CU_ASSERT_PTR_NOT_NULL_FATAL(one);
	CU_ASSERT(!one->healthy && one->weight == -1); // gone is forgotten
	cp_states_fini(&states);
}

static void without_check_healthy(void)
{
	struct cp_states states = {0};

	sync_to(&states, SERVICE(ONE, ""), false);
	CU_ASSERT(!cp_states_find(&states, "web", "one")->healthy);
	sync_to(&states, SERVICE(ONE, "health = { type = \"none\"; };"), false);
	CU_ASSERT(cp_states_find(&states, "web", "one")->healthy);
	cp_states_fini(&states);
}

static void adopted_from_a_snapshot(void)
{
	struct cp_config *config = config_from("%s", SERVICE(ONE "," TWO, ""));
	struct cp_states running = {0}, states = {0};
	struct poise_snapshot *snapshot;

	CU_ASSERT_EQUAL(cp_states_sync(&running, config, true), 0);
	cp_states_find(&running, "web", "two")->healthy = false;
	snapshot = snapshot_of(config, &running, NULL, NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot);
	CU_ASSERT_EQUAL(cp_states_sync(&states, config, false), 0);
	cp_states_adopt(&states, config, snapshot, 77);
	CU_ASSERT(cp_states_find(&states, "web", "one")->healthy);
	CU_ASSERT(!cp_states_find(&states, "web", "two")->healthy);
	CU_ASSERT_EQUAL(cp_states_find(&states, "web", "one")->ejected_ns, 0);
	CU_ASSERT_EQUAL(cp_states_find(&states, "web", "two")->ejected_ns, 77); // was taken out, whenever that was
	cp_states_find(&states, "web", "two")->ejected_ns = 0;
	cp_states_find(&states, "web", "two")->disabled = true;
	cp_states_adopt(&states, config, snapshot, 78);
	CU_ASSERT_EQUAL(cp_states_find(&states, "web", "two")->ejected_ns, 0); // the operator did it
	config->services[0].lifecycle.role_required = CP_NODE_PRIMARY;
	cp_states_adopt(&states, config, snapshot, 79);
	CU_ASSERT_EQUAL(cp_states_find(&states, "web", "one")->node_role, CP_NODE_PRIMARY); // or it would not serve
	CU_ASSERT_EQUAL(cp_states_find(&states, "web", "two")->node_role, CP_NODE_UNKNOWN);
	free(snapshot);
	cp_states_fini(&running);
	cp_states_fini(&states);
	cp_config_free(config);
}

static void reports_change_what_they_say(void)
{
	struct cp_backend_state state = { .weight = -1 };
	struct cp_health_report report = { .good = true, .role = CP_NODE_PRIMARY };

	CU_ASSERT_TRUE(cp_health_report(&state, &report, true));
	CU_ASSERT(state.healthy && state.node_role == CP_NODE_PRIMARY && !state.lag_known);
	CU_ASSERT_FALSE(cp_health_report(&state, &report, true));
	report = (struct cp_health_report){ .good = true, .role = CP_NODE_REPLICA, .lag_known = true,
					    .lag_bytes = 10, .lag_ms = 20 };
	CU_ASSERT_TRUE(cp_health_report(&state, &report, true));
	CU_ASSERT_EQUAL(state.node_role, CP_NODE_REPLICA);
	report.lag_bytes = 4096;
	CU_ASSERT_FALSE(cp_health_report(&state, &report, true));
	CU_ASSERT_EQUAL(state.lag_bytes, 4096);
	report = (struct cp_health_report){ .good = false };
	CU_ASSERT_FALSE(cp_health_report(&state, &report, true)); // not yet `fall` of them
	CU_ASSERT(state.node_role == CP_NODE_REPLICA && state.lag_known && state.lag_ms == 20);
	CU_ASSERT_TRUE(cp_health_report(&state, &report, false));
	CU_ASSERT(!state.healthy && state.node_role == CP_NODE_REPLICA);
	CU_ASSERT_STRING_EQUAL(cp_node_role_name(CP_NODE_REPLICA), "replica");
	CU_ASSERT_STRING_EQUAL(cp_node_role_name(CP_NODE_UNKNOWN), "unknown");
}

static const struct check_case cases[] = {
	{ "states are kept by name", kept_by_name },
	{ "without a check a backend is healthy", without_check_healthy },
	{ "what runs is believed", adopted_from_a_snapshot },
	{ "a report changes what it says", reports_change_what_they_say },
};

CHECK_MAIN("states", cases)
