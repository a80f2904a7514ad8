// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The overview, and the pages that are made of it.
#include "app_world.h"
#include "events.h"
#include "overview.h"
#include "page.h"

static void has_all_parts(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	json_t *overview;

	world->stats->worker[0].counters[POISE_NO_FLOW] = 3;
	for (int i = 0; i < 30; i++)
		cp_event_add("info", "kind", NULL, "text");
	overview = cp_overview_json(&world->app, NULL);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(overview, "services")), 2);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(overview, "backends")), 5);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(overview, "counters")), 1);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(overview, "events")), 25);
	CU_ASSERT_TRUE(json_is_object(json_object_get(json_object_get(overview, "status"), "path")));
	json_decref(overview);
	app_free(world);
}

static void without_a_dataplane(void)
{
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);
	json_t *overview;

	world->app.dataplane.stats = NULL;
	world->app.dataplane.state = CP_DATAPLANE_DOWN;
	overview = cp_overview_json(&world->app, NULL);
	CU_ASSERT_EQUAL(json_object_size(overview), 5);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(overview, "backends")), 5);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(overview, "counters")), 0);
	json_decref(overview);
	app_free(world);
}

static void paths(void)
{
	static const struct {
		const char *path;
		int status;
	} pages[] = {
		{"/", 200},
		{"/api/overview.json", 200},
		{"/api/status.json", 200},
		{"/api/backends.json", 200},
		{"/api/reload.json", 0},
		{"/api/disable.json", 0},
		{"/api/status.jsonx", 0},
		{"/api/.json", 0},
		{"/api/status", 0},
		{"/api/", 0},
		{"/x", 0},
		{"", 0},
		{"/api/statusstatusstatusstatusstatusstatusstatus.json", 0},
	};
	struct app_world *world = app_world(APP_PORTS APP_SERVICES);

	for (size_t i = 0; i < POISE_COUNT(pages); i++) {
		struct evbuffer *body = evbuffer_new();
		struct cp_page page = {0};

		CU_ASSERT_EQUAL(cp_page(&world->app, pages[i].path, body, &page), pages[i].status);
		CU_ASSERT_EQUAL(evbuffer_get_length(body) > 0, pages[i].status == 200);
		CU_ASSERT_EQUAL(page.type != NULL, pages[i].status == 200);
		evbuffer_free(body);
	}
	app_free(world);
}

static const struct check_case cases[] = {
	{"has all parts", has_all_parts},
	{"without a dataplane", without_a_dataplane},
	{"paths", paths},
};

CHECK_MAIN("overview", cases)
