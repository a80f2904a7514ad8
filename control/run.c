// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "bpffs.h"
#include "daemon.h"
#include "eal.h"
#include "flow_counts.h"
#include "flow_memory.h"
#include "guard.h"
#include "instance.h"
#include "interfaces.h"
#include "lockout.h"
#include "netlink.h"
#include "overrides.h"
#include "publish.h"
#include "sink_dp.h"
#include "spawn_dataplane.h"
#include "states.h"
#include "sync.h"
#include "trial.h"
#include "view.h"
#include "watch.h"
#include "xdp.h"

static const int signals[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP};

struct run {
	struct cp_app app;
	struct event *signals[POISE_COUNT(signals)];
	int lock;
};

static void on_signal(evutil_socket_t number, short what, void *context)
{
	struct cp_app *app = context;
	struct cp_report report = {0};
	bool theirs;

	if (number == SIGHUP) {
		cp_reload(app, NULL, false, &report, NULL); // logs
		cp_report_fini(&report);
		return;
	}
	// A dataplane that somebody else starts is somebody else's to stop.
	theirs = !app->config->dataplane.spawn && cp_spawn_alive(app->spawn);
	if (!app->stopping)
		cp_log(CP_LOG_INFO, "stopping", "stopping%s",
		       theirs || number == SIGQUIT ? ", the data path goes on" : "");
	app->stopping = true;
	if (theirs || number == SIGQUIT) {
		app->leave = true;
		event_base_loopbreak(app->base);
	} else {
		// Before the driver tries it in vain, and complains.
		if (app->xdp)
			cp_xdp_detach(app->xdp);
		cp_spawn_stop(app->spawn);
	}
}

static int start_config(struct cp_app *app, const char *file)
{
	struct cp_report report = {0};
	char text[96];

	app->config_file = strdup(file);
	app->config = cp_config_load(file, &report);
	if (app->config && (cp_interfaces_check(app->config, &report) || cp_sync_check(app->config, &report))) {
		cp_config_free(app->config);
		app->config = NULL;
	}
	cp_log_report("config", &report);
	cp_report_fini(&report);
	if (app->config && cp_locks_out(NULL, app->config, text, sizeof(text)))
		cp_log(CP_LOG_WARNING, "firewall-ssh", "%s; connections that are there go on", text);
	return app->config && app->config_file ? 0 : -EINVAL;
}

static int start_instance(struct run *run)
{
	struct cp_app *app = &run->app;
	int holder, error = cp_instance_directory(app->config->control_socket, app->run_dir, sizeof(app->run_dir));

	if (!error)
		error = run->lock = cp_instance_lock(app->run_dir, &holder);
	if (run->lock >= 0) {
		cp_instance_name(app->run_dir, app->instance, sizeof(app->instance));
		return 0;
	}
	if (error == -EBUSY)
		cp_log(CP_LOG_ERROR, "second-instance",
		       "another poised (pid %d) runs with its control socket in %s; nothing was changed", holder,
		       app->run_dir); // pid 0: its lock file is gone
	else
		cp_log(CP_LOG_ERROR, "run-directory", "%s: %s", app->run_dir, strerror(-error));
	return error;
}

static void tell_adopted(const struct cp_app *app)
{
	struct poise_table wanted = {0};

	cp_log(CP_LOG_INFO, "flow-table-adopted", "continuing with the flow table of an earlier run");
	if (poise_table_layout(&wanted, app->config->dataplane.max_flows) != app->flows.table.lines)
		cp_log(CP_LOG_WARNING, "flow-table-size",
		       "it was made for another max_flows and keeps its size while connections are in it; for a "
		       "table of %u flows stop poised with SIGTERM, which ends them, and start it",
		       app->config->dataplane.max_flows);
}

// The memory that outlives us: pins, the last snapshot, the flow table.
static int start_memory(struct cp_app *app)
{
	const struct cp_dataplane *dataplane = &app->config->dataplane;
	bool need_map = cp_nic_mode_kernel(dataplane->mode);
	int error = cp_bpffs_open(app->instance, app->pins, sizeof(app->pins));

	if (error)
		app->pins[0] = 0;
	if (error && need_map) {
		cp_log(CP_LOG_ERROR, "bpffs",
		       "mode %s needs XDP, and there is no BPF file system on /sys/fs/bpf: %s; poised --doctor tells "
		       "more",
		       cp_nic_mode_name(dataplane->mode), strerror(-error));
		return error;
	}
	error = cp_flow_memory_open(&app->flows, app->pins[0] ? app->pins : NULL, app->instance,
				    dataplane->max_flows, need_map);
	if (error) {
		if (need_map && error == -EPERM)
			cp_log(CP_LOG_ERROR, "flow-memory",
			       "mode %s needs XDP, and this process may not use BPF; poised --doctor tells more",
			       cp_nic_mode_name(dataplane->mode));
		else
			cp_log(CP_LOG_ERROR, "flow-memory", "no memory for a flow table of %u flows: %s",
			       dataplane->max_flows, strerror(-error));
		return error;
	}
	if (app->flows.adopted)
		tell_adopted(app);
	app->publish = cp_publish_create(app);
	return app->publish ? 0 : -ENOMEM;
}

static void start_overrides(struct cp_app *app)
{
	int taken = cp_overrides_load(&app->states, app->run_dir);

	if (taken > 0)
		cp_log(CP_LOG_INFO, "overrides", "%d backend%s the operator's drain, disable or weight", taken,
		       taken == 1 ? " keeps" : "s keep");
	else if (taken < 0 && taken != -ENOENT)
		cp_log(CP_LOG_WARNING, "overrides-foreign", "%s/" CP_OVERRIDES_FILE " cannot be used: %s; all backends "
		       "are as in the configuration", app->run_dir, strerror(-taken));
}

// What a snapshot is made of, and the kernel's part of the data path.
static int start_network(struct cp_app *app)
{
	bool kernel = cp_nic_mode_kernel(app->config->dataplane.mode);
	struct cp_report report = {0};
	int error = cp_states_sync(&app->states, app->config, false);

	if (error)
		return error;
	if (app->snapshot)
		cp_states_adopt(&app->states, app->snapshot);
	start_overrides(app);
	app->dataplane.counts = calloc(1, sizeof(*app->dataplane.counts));
	if (app->dataplane.counts) {
		app->dataplane.counts->table = &app->flows.table;
		app->dataplane.counts->snapshot = &app->snapshot;
	}
	if (kernel) {
		app->guard = cp_guard_create(app); // before anything can be in between
		app->netlink = cp_netlink_create(app);
		app->xdp = app->netlink ? cp_xdp_create(app) : NULL;
		if (!app->xdp)
			return -EIO;
	} else if (cp_topology_static(app->config, &app->topology)) {
		return -ENOMEM;
	}
	error = cp_publish_now(app->publish, &report);
	cp_log_report("compile", &report);
	cp_report_fini(&report);
	if (!error && app->xdp)
		cp_xdp_publish(app->xdp, app->snapshot);
	return error;
}

static int start_services(struct cp_app *app)
{
	app->spawn = cp_spawn_create(app);
	app->sink = cp_sink_dp_create(app);
	app->checks = cp_checks_create(app);
	app->watch = cp_watch_create(app);
	app->sync = cp_sync_create(app);
	if (!app->spawn || !app->sink || !app->checks || !app->watch || !app->sync)
		return -ENOMEM;
	if (cp_sync_apply(app->sync))
		return -EIO;
	cp_checks_apply(app->checks);
	app->api = cp_api_create(app);
	if (!app->api)
		return -EIO;
	if (app->config->metrics_address[0]) {
		app->metrics = cp_metrics_create(app);
		if (!app->metrics)
			return -EIO;
	}
	return 0;
}

static int start_signals(struct run *run)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < POISE_COUNT(signals); i++) {
		run->signals[i] = evsignal_new(run->app.base, signals[i], on_signal, &run->app);
		if (!run->signals[i] || event_add(run->signals[i], NULL))
			return -ENOMEM;
	}
	return 0;
}

static int start(struct run *run, const char *file)
{
	struct cp_app *app = &run->app;
	int error = start_config(app, file);

	if (error)
		return error;
	error = start_instance(run);
	if (error)
		return error;
	cp_trial_resume(app);
	app->started_ns = cp_view_now_ns();
	app->base = event_base_new();
	if (!app->base)
		return -ENOMEM;
	error = start_memory(app);
	if (!error)
		error = start_network(app);
	if (!error)
		error = start_services(app);
	if (!error)
		error = cp_trial_start(app);
	return error ? error : start_signals(run);
}

// `remove`: nothing shall outlive us. A start that failed leaves what it found and removes what it made.
static void stop(struct run *run, bool remove)
{
	struct cp_app *app = &run->app;

	app->stopping = true;
	cp_trial_stop(app);
	cp_metrics_destroy(app->metrics);
	cp_api_destroy(app->api);
	cp_checks_destroy(app->checks);
	cp_watch_destroy(app->watch);
	cp_sync_destroy(app->sync);
	cp_sink_dp_destroy(app->sink);
	cp_spawn_destroy(app->spawn);
	free(app->dataplane.counts);
	cp_xdp_destroy(app->xdp, remove);
	cp_guard_destroy(app->guard, remove);
	cp_netlink_destroy(app->netlink);
	cp_publish_destroy(app->publish, remove);
	cp_flow_memory_close(&app->flows, app->pins[0] ? app->pins : NULL, app->instance, remove);
	if (remove && app->pins[0])
		cp_bpffs_close(app->pins);
	for (size_t i = 0; i < POISE_COUNT(signals); i++)
		if (run->signals[i])
			event_free(run->signals[i]);
	cp_topology_fini(&app->topology);
	cp_states_fini(&app->states);
	free(app->snapshot);
	if (app->base)
		event_base_free(app->base);
	cp_instance_unlock(app->run_dir, run->lock);
	cp_config_free(app->config);
	free(app->config_file);
}

// Mode xdp. A dataplane of another configuration would go on taking the packets of its queues.
static void go_without_dataplane(struct cp_app *app)
{
	app->dataplane.state = CP_DATAPLANE_OFF;
	if (!cp_sink_dp_dismiss(app->config->dataplane_socket))
		cp_log(CP_LOG_INFO, "dataplane-dismissed", "a dataplane that was found running is told to end");
	cp_log(CP_LOG_INFO, "path-xdp", "mode xdp: the program in the kernel carries all services, no dataplane");
}

int cp_run(const struct cp_options *options)
{
	struct run run = {.lock = -1, .app.flows.fd = -1};
	char log_file[CP_PATH_SIZE + 16];
	int word = options->foreground ? -1 : cp_daemon_fork();
	bool adopted;

	if (!options->foreground && word < 0) {
		cp_log(CP_LOG_ERROR, "daemon", "cannot become a daemon: %s", strerror(-word));
		return 1;
	}
	if (start(&run, options->config)) {
		adopted = run.app.flows.adopted;
		stop(&run, run.lock >= 0 && !adopted);
		return 1;
	}
	if (!options->foreground) {
		snprintf(log_file, sizeof(log_file), "%s/dataplane.log", run.app.run_dir);
		cp_daemon_running(word, log_file);
	}
	if (cp_nic_mode_dataplane(run.app.config->dataplane.mode))
		cp_sink_dp_start(run.app.sink);
	else
		go_without_dataplane(&run.app);
	event_base_dispatch(run.app.base);
	if (!run.app.leave) { // of one that was killed
		unlink(run.app.config->dataplane_socket);
		cp_eal_cleanup(run.app.instance);
	}
	stop(&run, !run.app.leave);
	cp_log(CP_LOG_INFO, "stopped", "stopped");
	return 0;
}
