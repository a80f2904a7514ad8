// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A poised for tests, made of its own parts: a config from text, states, a snapshot compiled from them, a
// flow table in plain memory and a stats page as the dataplane would write it. No process, no socket.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <poise/table_setup.h>

#include "app.h"
#include "from_text.h"
#include "publish.h"
#include "states.h"
#include "view.h"

#define APP_WORKERS 3
#define APP_FLOWS 4096

struct app_world {
	struct cp_app app;
	struct poise_stats *stats; // writable
	struct cp_report report;
	char directory[32];
};

#define APP_PORTS                                                                                      \
	"dataplane = { mode = \"vdev\"; max_flows = 4096; };"                                          \
	"ports = ( { name = \"front\"; vdev = \"net_null0\"; mac = \"02:00:00:00:00:01\"; },"          \
	"          { name = \"back\"; vdev = \"net_null1\"; mac = \"02:00:00:00:00:02\";"              \
	"            snat = [ \"10.10.0.1\" ]; } );"                                                   \
	"neighbors = ( { address = \"10.10.0.0/24\"; mac = \"02:00:00:00:01:00\"; port = \"back\"; }," \
	"              { address = \"10.20.0.22\"; mac = \"02:00:00:00:02:22\"; port = \"back\"; } );"

// web: two active backends and a standby; db: two, one of them with a name that web has too.
#define APP_SERVICES                                                                                        \
	"services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 443; health = { type = \"none\"; };" \
	"  backends = ( { name = \"web1\"; address = \"10.10.0.11\"; port = 8443; },"                       \
	"               { name = \"web2\"; address = \"10.10.0.12\"; },"                                    \
	"               { name = \"web3\"; address = \"10.10.0.13\"; role = \"standby\"; } ); },"           \
	"  { name = \"db\"; vip = \"203.0.113.20\"; port = 5432; nat = \"full\"; scheduler = \"wrr\";"      \
	"  health = { type = \"none\"; };"                                                                  \
	"  backends = ( { name = \"pg1\"; address = \"10.10.0.21\"; weight = 3; },"                         \
	"               { name = \"web1\"; address = \"10.20.0.22\"; } ); } );"

static inline void app_must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "cannot make a world: %s\n", what);
	exit(2);
}

static inline void app_memory(struct app_world *world)
{
	static const __u64 seed[2] = {0x0123456789abcdef, 0xfedcba9876543210};
	struct cp_app *app = &world->app;
	size_t bytes = sizeof(struct poise_stats) + APP_WORKERS * sizeof(struct poise_stats_worker);

	app->flows.fd = -1;
	app->flows.bytes = (size_t)poise_table_layout(&app->flows.table, APP_FLOWS) * POISE_LINE_SIZE;
	app->flows.base = aligned_alloc(POISE_LINE_SIZE, app->flows.bytes);
	world->stats = aligned_alloc(POISE_LINE_SIZE, bytes);
	app_must(app->flows.base && world->stats, "memory");
	memset(app->flows.base, 0, app->flows.bytes);
	memset(world->stats, 0, bytes);
	poise_table_format(&app->flows.table, app->flows.base, APP_FLOWS, seed);
	world->stats->magic = POISE_STATS_MAGIC;
	world->stats->abi_version = POISE_ABI_VERSION;
	world->stats->workers = APP_WORKERS;
	world->stats->size = bytes;
	world->stats->started_ns = 1;
	app->dataplane.stats = world->stats;
	app->dataplane.stats_bytes = bytes;
}

// Take a config as a reload would; the old one goes.
static inline void app_config(struct app_world *world, struct cp_config *config)
{
	struct cp_app *app = &world->app;

	cp_config_free(app->config);
	app->config = config;
	cp_topology_fini(&app->topology);
	memset(&app->topology, 0, sizeof(app->topology));
	app_must(cp_states_sync(&app->states, config, false) == 0, "states");
	app_must(cp_topology_static(config, &app->topology) == 0, "topology");
	app_must(cp_publish_now(app->publish, &world->report) == 0, "snapshot");
	app->dataplane.generation = app->snapshot->generation;
}

// One turn of the event loop: what was changed gets published, and the dataplane follows.
static inline void app_turn(struct app_world *world)
{
	event_base_loop(world->app.base, EVLOOP_NONBLOCK);
	world->app.dataplane.generation = world->app.snapshot->generation;
}

static inline struct app_world *app_world(const char *config)
{
	struct app_world *world = check_memory(sizeof(*world));
	struct cp_app *app = &world->app;

	strcpy(world->directory, "/tmp/poise-test-XXXXXX");
	app_must(mkdtemp(world->directory) != NULL, "directory");
	snprintf(app->run_dir, sizeof(app->run_dir), "%s", world->directory);
	app->base = event_base_new();
	app->publish = cp_publish_create(app);
	app_must(app->base && app->publish, "publish");
	app->config_file = strdup("test.conf");
	app->started_ns = cp_view_now_ns();
	app->dataplane.state = CP_DATAPLANE_RUNNING;
	app->dataplane.pid = 4242;
	app_memory(world);
	app_config(world, config_from("%s", config));
	return world;
}

// Wishes, snapshots and whatever else was written.
static inline void app_directory_remove(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		unlinkat(dirfd(directory), entry->d_name, 0); // not "." and ".."
	if (directory)
		closedir(directory);
	app_must(rmdir(path) == 0, "end of the directory");
}

static inline void app_free(struct app_world *world)
{
	struct cp_app *app = &world->app;

	cp_publish_destroy(app->publish, true);
	app_directory_remove(world->directory);
	cp_config_free(app->config);
	cp_states_fini(&app->states);
	cp_topology_fini(&app->topology);
	cp_report_fini(&world->report);
	free(app->snapshot);
	free(app->flows.base);
	free(app->config_file);
	free(world->stats);
	event_base_free(app->base);
	free(world);
}

// Index of a backend in the snapshot. `nth`: of several with this name.
static inline uint32_t app_backend(const struct app_world *world, const char *name, uint32_t nth)
{
	const struct poise_snapshot *snapshot = world->app.snapshot;

	for (uint32_t i = 0; i < snapshot->backends_count; i++)
		if (strcmp(snapshot->backend_names[i], name) == 0 && nth-- == 0)
			return i;
	app_must(0, "backend not found");
	return 0;
}
