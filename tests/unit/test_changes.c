// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What a change does to flows, which changes want force, and the operator's wishes as a file.
#include "app_world.h"
#include "config_drift.h"
#include "plan.h"
#include "shrink.h"

#define SERVICE(name, vip, backends)                                                                      \
	"{ name = \"" name "\"; vip = \"" vip "\"; port = 80; health = { type = \"none\"; }; backends = ( " \
	backends " ); }"
#define BACKEND(name, last) "{ name = \"" name "\"; address = \"10.10.0." last "\"; }"
#define WEB(backends) SERVICE("web", "203.0.113.10", backends)
#define TWO BACKEND("web1", "11") "," BACKEND("web2", "12")
#define DB SERVICE("db", "203.0.113.20", BACKEND("pg1", "21"))
#define FILE_OF(services) APP_PORTS "services = ( " services " );"

static bool shrinks(const char *before, const char *after)
{
	struct cp_config *old = config_from("%s", before), *new = config_from("%s", after);
	char text[96] = "";
	bool result = cp_shrinks(old, new, text, sizeof(text));

	CU_ASSERT_EQUAL(result, *text != 0);
	cp_config_free(old);
	cp_config_free(new);
	return result;
}

static void most_of_it_gone_wants_force(void)
{
	const char *all = FILE_OF(WEB(TWO) "," DB);

	CU_ASSERT_FALSE(cp_shrinks(NULL, NULL, NULL, 0));
	CU_ASSERT_FALSE(shrinks(all, all));
	CU_ASSERT_FALSE(shrinks(all, FILE_OF(WEB(TWO))));	     // one of two services, one of three backends
	CU_ASSERT_FALSE(shrinks(FILE_OF(WEB(TWO)), FILE_OF(WEB(BACKEND("web1", "11"))))); // half is not more than half
	CU_ASSERT_TRUE(shrinks(all, FILE_OF(DB)));		     // two of three backends
	CU_ASSERT_TRUE(shrinks(FILE_OF(WEB(TWO)), FILE_OF(DB)));    // the wrong file: as large, but another
	CU_ASSERT_FALSE(shrinks(FILE_OF(DB), FILE_OF(DB "," WEB(TWO))));
}

// The fates of 3 flows on web/web1, 5 on web/web2 and 7 on db/pg1.
static void plan_is(const char *after, uint64_t untouched, uint64_t drained, uint64_t reset)
{
	struct app_world *world = app_world(FILE_OF(WEB(TWO) "," DB));
	struct cp_config *config = config_from("%s", after);
	static const struct { const char *name; uint64_t flows; } rows[] = {{"web1", 3}, {"web2", 5}, {"pg1", 7}};
	struct cp_view view;
	struct cp_plan plan;

	for (size_t i = 0; i < POISE_COUNT(rows); i++)
		world->stats->worker[0].backends[app_backend(world, rows[i].name, 0)].flows_created = rows[i].flows;
	CU_ASSERT_EQUAL_FATAL(cp_view_make(&world->app, &view), 0);
	cp_plan(world->app.config, config, &view, &plan);
	CU_ASSERT_EQUAL(plan.flows[CP_FATE_UNTOUCHED], untouched);
	CU_ASSERT_EQUAL(plan.flows[CP_FATE_DRAINED], drained);
	CU_ASSERT_EQUAL(plan.flows[CP_FATE_RESET], reset);
	CU_ASSERT_EQUAL(plan.flows[CP_FATE_MOVED], 0);
	cp_view_fini(&view);
	cp_config_free(config);
	app_free(world);
}

static void flows_have_their_fate(void)
{
	plan_is(FILE_OF(DB "," WEB(TWO)), 15, 0, 0);
	plan_is(FILE_OF(WEB(BACKEND("web1", "11")) "," DB), 10, 5, 0);
	plan_is(FILE_OF(WEB(BACKEND("web1", "11") "," BACKEND("web2", "99")) "," DB), 10, 5, 0);
	plan_is(FILE_OF(WEB(TWO)), 8, 7, 0);
	plan_is(FILE_OF(SERVICE("web", "203.0.113.99", TWO) "," DB), 7, 0, 8);
}

static void wishes_become_a_file(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	struct cp_config *config;
	char *text;

	cp_app_state(&world->app, "web", "web1")->disabled = true;
	cp_app_state(&world->app, "web", "web2")->draining = true;
	cp_app_state(&world->app, "db", "pg1")->weight = 7;
	text = cp_drift_text(world->app.config, &world->app.states);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	config = config_from("%s", text); // good, and:
	CU_ASSERT_EQUAL(config->services[0].backends[0].weight, 0);
	CU_ASSERT_EQUAL(config->services[0].backends[1].weight, 0);
	CU_ASSERT_EQUAL(config->services[0].backends[2].weight, 1);
	CU_ASSERT_EQUAL(config->services[1].backends[0].weight, 7);
	CU_ASSERT_EQUAL(config->services[1].backends[1].weight, 1); // web1 of another service
	cp_config_free(config);
	free(text);
	app_free(world);
}

static const struct check_case cases[] = {
	{ "most of it gone wants force", most_of_it_gone_wants_force },
	{ "flows have their fate", flows_have_their_fate },
	{ "wishes become a file", wishes_become_a_file },
};

CHECK_MAIN("changes", cases)
