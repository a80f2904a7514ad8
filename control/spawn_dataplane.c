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

#define START_MS 60000		 // to answer for the first time; huge pages are cleared meanwhile
#define STOP_MS 3000		 // from asking to SIGTERM, and again to SIGKILL

struct cp_spawn {
	struct cp_app *app;
	struct cp_process *process;
	struct event *start; // back-off is over
	struct event *force; // patience is over
	struct event *proven; // it has worked for long enough
	struct cp_backoff backoff;
	uint64_t working_ns; // since when this run works; 0 not yet
	int force_signal;
	uint32_t starts;
	bool planned; // it was told to end, to be started again
	bool stopping;
};

static void arm(struct event *event, uint32_t ms)
{
	const struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(event, &delay);
}

static void log_death(const struct cp_spawn *spawn, int status)
{
	enum cp_log_level level = spawn->stopping || spawn->planned ? CP_LOG_INFO : CP_LOG_WARNING;
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

static void start_later(struct cp_spawn *spawn, enum cp_end end, uint64_t worked_ns)
{
	struct cp_dataplane_link *link = &spawn->app->dataplane;
	uint64_t now_ns = cp_view_now_ns();
	uint32_t delay_ms = cp_backoff_ended(&spawn->backoff, end, worked_ns, now_ns);

	if (spawn->backoff.loop && !link->crash_loop)
		cp_log(CP_LOG_ERROR, "dataplane-crash-loop",
		       "the dataplane ended %d times within %d seconds: %s carries the packets, the next start is in "
		       "%u seconds", CP_BACKOFF_ENDS, (int)(CP_BACKOFF_WINDOW_NS / 1000000000),
		       spawn->app->xdp ? "the XDP program" : "nothing", delay_ms / 1000);
	link->crash_loop = spawn->backoff.loop;
	link->state = CP_DATAPLANE_BACKOFF;
	link->next_start_ns = now_ns + delay_ms * 1000000ull;
	arm(spawn->start, delay_ms);
}

static void on_gone(void *context, int status)
{
	struct cp_spawn *spawn = context;
	struct cp_app *app = spawn->app;
	uint64_t worked_ns = spawn->working_ns ? cp_view_now_ns() - spawn->working_ns : 0;
	enum cp_end end = cp_end_of_status(status, spawn->planned || spawn->stopping);

	log_death(spawn, status);
	app->dataplane.ends[end]++;
	spawn->planned = false;
	spawn->working_ns = 0;
	event_del(spawn->proven);
	cp_process_free(spawn->process);
	spawn->process = NULL;
	event_del(spawn->force);
	cp_sink_dp_gone(app->sink);
	if (spawn->stopping) {
		event_base_loopbreak(app->base);
		return;
	}
	if (app->config->dataplane.spawn)
		start_later(spawn, end, worked_ns);
}

static void on_force(evutil_socket_t fd, short what, void *context)
{
	struct cp_spawn *spawn = context;

	if (!spawn->process)
		return;
	cp_log(CP_LOG_WARNING, "dataplane-forced", "dataplane (pid %d) does not %s in time, sending %s",
	       (int)cp_process_pid(spawn->process), spawn->stopping || spawn->planned ? "end" : "answer",
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
	app->dataplane.next_start_ns = 0;
	if (start(spawn)) { // no memory, no program
		start_later(spawn, CP_END_FAILED, 0);
		return;
	}
	app->dataplane.restarts += spawn->starts++ > 0;
	app->dataplane.state = CP_DATAPLANE_STARTING;
	app->dataplane.pid = cp_process_pid(spawn->process);
	app->dataplane.spawned = true;
}

static void on_proven(evutil_socket_t fd, short what, void *context)
{
	struct cp_spawn *spawn = context;

	if (cp_backoff_proven(&spawn->backoff))
		cp_log(CP_LOG_INFO, "dataplane-recovered", "the dataplane works again");
	spawn->app->dataplane.crash_loop = false;
}

struct cp_spawn *cp_spawn_create(struct cp_app *app)
{
	struct cp_spawn *spawn = calloc(1, sizeof(*spawn));

	if (!spawn)
		return NULL;
	spawn->app = app;
	spawn->start = event_new(app->base, -1, 0, on_start, spawn);
	spawn->force = event_new(app->base, -1, 0, on_force, spawn);
	spawn->proven = event_new(app->base, -1, 0, on_proven, spawn);
	if (!spawn->start || !spawn->force || !spawn->proven) {
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
	if (spawn->proven)
		event_free(spawn->proven);
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
	spawn->planned = false;
	spawn->working_ns = 0;
	spawn->app->dataplane.next_start_ns = 0;
	spawn->starts++;
	cp_log(CP_LOG_INFO, "dataplane-adopted", "dataplane found running (pid %d)", (int)pid);
}

void cp_spawn_working(struct cp_spawn *spawn)
{
	if (spawn->working_ns || !spawn->process)
		return;
	spawn->working_ns = cp_view_now_ns();
	arm(spawn->proven, CP_BACKOFF_PROVEN_NS / 1000000);
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
	// One that never came to work would be refused again and again; that is not planned.
	spawn->planned = !hung && spawn->working_ns;
	spawn->force_signal = SIGKILL;
	cp_process_signal(spawn->process, hung ? SIGKILL : SIGTERM);
	arm(spawn->force, STOP_MS);
}

const char *cp_spawn_restart(struct cp_spawn *spawn)
{
	if (!spawn->app->config->dataplane.spawn)
		return "dataplane.spawn is false: who starts the dataplane has to restart it";
	if (spawn->stopping)
		return "poised is stopping";
	memset(&spawn->backoff, 0, sizeof(spawn->backoff)); // somebody has looked after it
	spawn->app->dataplane.crash_loop = false;
	if (!spawn->process) {
		event_del(spawn->start);
		on_start(-1, 0, spawn);
		return NULL;
	}
	cp_log(CP_LOG_INFO, "dataplane-restart", "the dataplane is restarted as planned");
	spawn->planned = true;
	spawn->force_signal = SIGTERM;
	if (cp_sink_dp_stop(spawn->app->sink, false))
		cp_process_signal(spawn->process, SIGTERM);
	arm(spawn->force, STOP_MS);
	return NULL;
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
	if (cp_sink_dp_stop(spawn->app->sink, true)) // not connected: it has not been told
		cp_process_signal(spawn->process, SIGTERM);
	arm(spawn->force, STOP_MS);
}
