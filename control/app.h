// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What poised holds while it runs. One thread, so no lock anywhere; every callback runs in app->base.
// Only publish.c sends a snapshot, only reload.c replaces the config, only check results and the operator
// write the states.
#pragma once

#include <sys/types.h>

#include <event2/event.h>

#include <poise/stats.h>
#include <poise/table_setup.h>

#include "backoff.h"
#include "compile.h"

struct cp_checks;
struct cp_flow_counts;
struct cp_api;
struct cp_guard;
struct cp_metrics;
struct cp_netlink;
struct cp_publish;
struct cp_sink_dp;
struct cp_spawn;
struct cp_sync;
struct cp_watch;
struct cp_xdp;
struct cp_xdp_stats;

enum cp_dataplane_state {
	CP_DATAPLANE_DOWN,	// no process, or none reachable
	CP_DATAPLANE_STARTING,	// spawned or connected, no snapshot acknowledged yet
	CP_DATAPLANE_RUNNING,
	CP_DATAPLANE_BACKOFF,	// died repeatedly, next start is waited for
	CP_DATAPLANE_OFF,	// mode xdp has none
	CP_DATAPLANE_STATES,
};

// The other end: poise-dataplane (sink_dp.c, spawn.c).
struct cp_dataplane_link {
	enum cp_dataplane_state state;
	pid_t pid;		// from the welcome; 0 unknown
	bool spawned;		// our child; else adopted
	uint32_t restarts;	// since poised started
	uint64_t ends[CP_END_FAILED + 1]; // by enum cp_end, since poised started
	bool crash_loop;	// ends by itself again and again
	uint64_t next_start_ns; // CLOCK_MONOTONIC; 0: no start is waited for
	uint64_t generation;	// last acknowledged
	const struct poise_stats *stats; // read-only mapping of its stats page, NULL when none
	size_t stats_bytes;
	const struct cp_xdp_stats *xdp; // what the XDP program counts, NULL when there is none
	struct cp_flow_counts *counts; // flows in the table, by backend and state; NULL in tests
	char version[POISE_NAME_SIZE];
	char error[256];	// last failure, one line; empty when fine
};

// The flow table's memory. poised makes it and keeps the descriptor, so that it outlives the dataplane.
struct cp_flow_memory {
	int fd;			// BPF array map or memfd; -1 none
	bool bpf;
	bool adopted;		// an earlier poised made it: flows may be in it
	void *base;		// read-only mapping
	size_t bytes;
	struct poise_table table;
};

struct cp_app {
	struct event_base *base;
	char *config_file;
	struct cp_config *config;
	struct cp_states states;
	struct cp_topology topology;
	struct poise_snapshot *snapshot; // last one published, NULL before the first
	uint64_t behind_since_ns; // CLOCK_MONOTONIC; 0: the data path that runs uses it
	struct cp_flow_memory flows;
	struct cp_dataplane_link dataplane;
	struct cp_checks *checks;
	struct cp_api *api;
	struct cp_metrics *metrics;
	struct cp_netlink *netlink;
	struct cp_xdp *xdp;
	struct cp_guard *guard; // with a mode that uses kernel interfaces
	struct cp_publish *publish;
	struct cp_sink_dp *sink;
	struct cp_spawn *spawn;
	struct cp_sync *sync;
	struct cp_watch *watch;
	struct event *counting; // flow_counting.c
	char run_dir[CP_PATH_SIZE];  // directory of the control socket
	char instance[CP_PATH_SIZE]; // run_dir as one word: names of pins, EAL file prefix
	char pins[256];		     // this instance's directory on a bpffs; empty when there is none
	struct {
		uint64_t until_ns; // CLOCK_BOOTTIME; 0: none waits for its confirmation
		struct event *timer;
	} trial; // trial.c
	struct {
		unsigned files; // bits of enum cp_unsaved_file
		struct event *retry;
	} unsaved; // unsaved.c
	uint64_t started_ns; // CLOCK_MONOTONIC
	uint64_t reloads;
	uint64_t reloads_failed;
	uint64_t trace_token;	 // who watches packets (cmd_trace.c), 0 nobody
	uint64_t trace_until_ns; // and until when he has to ask again
	bool stopping;
	bool leave; // stop poised alone, the data path goes on
};

// reload.c: read the file again (NULL: the one poised runs with) and take it as a whole or not at all.
// Returns 0, or -1 with lines in *report; the running generation then goes on untouched. *summary (may be
// NULL) gets one malloc()ed line that says what changed.
// Without `force`, a file that would take most services or backends away is refused (shrink.h).
int cp_reload(struct cp_app *app, const char *file, bool force, struct cp_report *report, char **summary);

// publish.c: something that a snapshot is made of has changed. Compiles soon (changes of one event loop turn
// go together) and publishes when the result differs for a packet.
void cp_changed(struct cp_app *app);

// states.c: the state of a backend, for the operator's verbs and the checks; NULL when there is none.
struct cp_backend_state *cp_app_state(struct cp_app *app, const char *service, const char *backend);

// check/check.c: health checks. apply() starts, keeps (when unchanged) or stops checks after a reload.
struct cp_checks *cp_checks_create(struct cp_app *app);
void cp_checks_apply(struct cp_checks *checks);
void cp_checks_destroy(struct cp_checks *checks);

struct cp_check_view { // for status, metrics; a copy
	bool healthy;
	bool known;	       // a first verdict is there
	uint32_t streak;       // equal results in a row
	uint32_t last_ms;      // duration of the last probe
	uint32_t last_us;      // the same, finer
	uint64_t since_ns;     // CLOCK_MONOTONIC of the last change
	uint64_t probes;
	uint64_t failures;
	char reason[96];       // of the last failure, empty when none
	uint32_t damped_s;     // good, and held down for so long because it fell too often; 0: not
	bool suspect;	       // its clients' handshakes failed: one bad result is enough
};
bool cp_checks_view(const struct cp_checks *checks, const char *service, const char *backend,
		    struct cp_check_view *view);

// api.c: the control socket that poisectl talks to. NULL with a line on stderr when it cannot be had.
struct cp_api *cp_api_create(struct cp_app *app);
void cp_api_destroy(struct cp_api *api);

// metrics.c: HTTP server of /metrics, /healthz, /readyz.
struct cp_metrics *cp_metrics_create(struct cp_app *app);
void cp_metrics_destroy(struct cp_metrics *metrics);
