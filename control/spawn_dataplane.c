// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "spawn_dataplane.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "eal.h"
#include "log.h"
#include "places.h"
#include "process.h"
#include "sink_dp.h"
#include "view.h"

#define DELAY_FIRST_MS 100
#define DELAY_MOST_MS 5000
#define PROVEN_NS 10000000000ull // lived that long: the next death starts with the first delay again
#define START_MS 60000		 // to answer for the first time; huge pages are cleared meanwhile
#define STOP_MS 3000		 // from asking to SIGTERM, and again to SIGKILL

struct cp_spawn {
	struct cp_app *app;
	struct cp_process *process;
	struct event *start; // back-off is over
	struct event *force; // patience is over
	uint32_t delay_ms;
	uint64_t started_ns;
	int force_signal;
	uint32_t starts;
	bool stopping;
};

static void arm(struct event *event, uint32_t ms)
{
	const struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(event, &delay);
}

static void log_death(const struct cp_spawn *spawn, int status)
{
	enum cp_log_level level = spawn->stopping ? CP_LOG_INFO : CP_LOG_WARNING;
	int pid = (int)cp_process_pid(spawn->process);

	if (status == -1)
		cp_log(level, "dataplane-gone", "dataplane (pid %d) is gone", pid);
	else if (WIFSIGNALED(status))
		cp_log(CP_LOG_WARNING, "dataplane-killed", "dataplane (pid %d) was killed by signal %d (%s)", pid,
		       WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		cp_log(WEXITSTATUS(status) ? CP_LOG_WARNING : level, "dataplane-exited",
		       "dataplane (pid %d) ended with status %d", pid, WEXITSTATUS(status));
}

static void on_gone(void *context, int status)
{
	struct cp_spawn *spawn = context;
	struct cp_app *app = spawn->app;

	log_death(spawn, status);
	cp_process_free(spawn->process);
	spawn->process = NULL;
	event_del(spawn->force);
	cp_sink_dp_gone(app->sink);
	if (spawn->stopping) {
		event_base_loopbreak(app->base);
		return;
	}
	if (!app->config->dataplane.spawn)
		return;
	if (cp_view_now_ns() - spawn->started_ns > PROVEN_NS)
		spawn->delay_ms = 0;
	app->dataplane.state = CP_DATAPLANE_BACKOFF;
	arm(spawn->start, spawn->delay_ms ? spawn->delay_ms : DELAY_FIRST_MS);
	spawn->delay_ms = spawn->delay_ms ? spawn->delay_ms * 2 : DELAY_FIRST_MS * 2;
	if (spawn->delay_ms > DELAY_MOST_MS)
		spawn->delay_ms = DELAY_MOST_MS;
}

static void on_force(evutil_socket_t fd, short what, void *context)
{
	struct cp_spawn *spawn = context;

	if (!spawn->process)
		return;
	cp_log(CP_LOG_WARNING, "dataplane-forced", "dataplane (pid %d) does not %s in time, sending %s",
	       (int)cp_process_pid(spawn->process), spawn->stopping ? "end" : "answer",
	       spawn->force_signal == SIGKILL ? "SIGKILL" : "SIGTERM");
	cp_process_signal(spawn->process, spawn->force_signal);
	if (spawn->force_signal == SIGKILL)
		return;
	spawn->force_signal = SIGKILL;
	arm(spawn->force, STOP_MS);
}

// posix_spawn() with its own session, so that a terminal's Ctrl-C reaches poised alone, which then stops the
// dataplane in order. SIGPIPE stays ignored: its stderr may be poised's and end with it.
static int launch(char *const *arguments, pid_t *pid)
{
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	int error = posix_spawnattr_init(&attributes);

	if (error)
		return -error;
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGTERM);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGHUP);
	sigaddset(&defaults, SIGQUIT);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes,
				 POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	error = posix_spawn(pid, arguments[0], NULL, &attributes, arguments, environ);
	posix_spawnattr_destroy(&attributes);
	return -error;
}

static int start(struct cp_spawn *spawn)
{
	struct cp_app *app = spawn->app;
	struct cp_arguments arguments;
	struct cp_host host;
	char program[4096];
	int error = cp_place_find(CP_PLACE_DATAPLANE, program, sizeof(program));
	pid_t pid = 0;

	if (error) {
		cp_log(CP_LOG_ERROR, "dataplane-missing", "there is no %s", program);
		return error;
	}
	error = cp_host_read(&host);
	if (!error)
		error = cp_eal_arguments(app->config, &host, program, app->instance, &arguments);
	if (error)
		return error;
	error = launch(arguments.items, &pid);
	cp_arguments_fini(&arguments);
	if (error) {
		cp_log(CP_LOG_ERROR, "dataplane-start", "%s cannot be started: %s", program, strerror(-error));
		return error;
	}
	spawn->process = cp_process_watch(app->base, pid, true, on_gone, spawn);
	if (!spawn->process) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return -ENOMEM;
	}
	spawn->started_ns = cp_view_now_ns();
	spawn->force_signal = SIGKILL;
	arm(spawn->force, START_MS);
	cp_log(CP_LOG_INFO, "dataplane-start", "dataplane started (pid %d)", (int)pid);
	return 0;
}

static void on_start(evutil_socket_t fd, short what, void *context)
{
	struct cp_spawn *spawn = context;
	struct cp_app *app = spawn->app;

	if (spawn->process || spawn->stopping || !app->config->dataplane.spawn)
		return;
	if (start(spawn)) { // no memory, no program: try at the slowest pace
		app->dataplane.state = CP_DATAPLANE_BACKOFF;
		arm(spawn->start, DELAY_MOST_MS);
		return;
	}
	app->dataplane.restarts += spawn->starts++ > 0;
	app->dataplane.state = CP_DATAPLANE_STARTING;
	app->dataplane.pid = cp_process_pid(spawn->process);
	app->dataplane.spawned = true;
}

struct cp_spawn *cp_spawn_create(struct cp_app *app)
{
	struct cp_spawn *spawn = calloc(1, sizeof(*spawn));

	if (!spawn)
		return NULL;
	spawn->app = app;
	spawn->start = event_new(app->base, -1, 0, on_start, spawn);
	spawn->force = event_new(app->base, -1, 0, on_force, spawn);
	if (!spawn->start || !spawn->force) {
		cp_spawn_destroy(spawn);
		return NULL;
	}
	return spawn;
}

void cp_spawn_destroy(struct cp_spawn *spawn)
{
	if (!spawn)
		return;
	cp_process_free(spawn->process);
	if (spawn->start)
		event_free(spawn->start);
	if (spawn->force)
		event_free(spawn->force);
	free(spawn);
}

void cp_spawn_want(struct cp_spawn *spawn)
{
	if (!spawn->process && !event_pending(spawn->start, EV_TIMEOUT, NULL))
		on_start(-1, 0, spawn);
}

void cp_spawn_welcome(struct cp_spawn *spawn, pid_t pid)
{
	if (!spawn->stopping)
		event_del(spawn->force);
	if (spawn->process && cp_process_pid(spawn->process) == pid)
		return;
	event_del(spawn->start);
	cp_process_free(spawn->process);
	spawn->process = cp_process_watch(spawn->app->base, pid, false, on_gone, spawn);
	spawn->started_ns = cp_view_now_ns();
	spawn->starts++;
	cp_log(CP_LOG_INFO, "dataplane-adopted", "dataplane found running (pid %d)", (int)pid);
}

bool cp_spawn_alive(const struct cp_spawn *spawn)
{
	return spawn->process;
}

void cp_spawn_again(struct cp_spawn *spawn, const char *reason, bool hung)
{
	if (!spawn->process || spawn->stopping)
		return;
	if (!spawn->app->config->dataplane.spawn) {
		cp_log(CP_LOG_WARNING, "dataplane-again", "the dataplane should be started anew: %s", reason);
		return;
	}
	cp_log(CP_LOG_WARNING, "dataplane-again", "dataplane is started anew: %s", reason);
	spawn->force_signal = SIGKILL;
	cp_process_signal(spawn->process, hung ? SIGKILL : SIGTERM);
	arm(spawn->force, STOP_MS);
}

void cp_spawn_stop(struct cp_spawn *spawn)
{
	event_del(spawn->start);
	if (!spawn->process) {
		event_base_loopbreak(spawn->app->base);
		return;
	}
	if (spawn->stopping) { // asked twice: now
		cp_process_signal(spawn->process, SIGKILL);
		return;
	}
	spawn->stopping = true;
	spawn->force_signal = SIGTERM;
	if (cp_sink_dp_stop(spawn->app->sink)) // not connected: it has not been told
		cp_process_signal(spawn->process, SIGTERM);
	arm(spawn->force, STOP_MS);
}
