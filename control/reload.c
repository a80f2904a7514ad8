// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A new configuration for a running poised: everything is made beside what runs, and takes its place only when
// nothing can fail any more.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "diff.h"
#include "guard.h"
#include "interfaces.h"
#include "lockout.h"
#include "log.h"
#include "netlink.h"
#include "publish.h"
#include "shrink.h"
#include "states.h"
#include "sync.h"
#include "trial.h"

struct candidate {
	struct cp_config *config;
	struct cp_states states;
	struct cp_topology topology;
	struct cp_diff diff;
};

static int refuse_restarts(const struct candidate *candidate, const char *file, struct cp_report *report)
{
	for (size_t i = 0; i < candidate->diff.count; i++)
		if (candidate->diff.items[i].restart)
			cp_report_add(report, file, 0, "%s: a reload cannot do that, restart poised",
				      candidate->diff.items[i].text);
	return candidate->diff.restart ? -1 : 0;
}

static int refuse_shrinking(const struct cp_app *app, const struct candidate *candidate, const char *file,
			    struct cp_report *report)
{
	char text[96];

	if (!cp_shrinks(app->config, candidate->config, text, sizeof(text)) &&
	    !cp_locks_out(app->config, candidate->config, text, sizeof(text)))
		return 0;
	cp_report_add(report, file, 0, "%s; if that is meant: poisectl reload --force, or apply with --force", text);
	return -1;
}

// Operator's wishes and verdicts of checks are carried over.
static int make_states(const struct cp_app *app, struct candidate *candidate)
{
	size_t bytes = app->states.count * sizeof(*app->states.items);

	candidate->states.items = malloc(bytes ? bytes : 1);
	if (!candidate->states.items)
		return -ENOMEM;
	if (bytes)
		memcpy(candidate->states.items, app->states.items, bytes);
	candidate->states.count = app->states.count;
	return cp_states_sync(&candidate->states, candidate->config, false);
}

static int make(struct cp_app *app, const char *file, bool force, struct candidate *candidate,
		struct cp_report *report)
{
	int error;

	candidate->config = cp_config_load(file, report);
	if (!candidate->config || cp_interfaces_check(candidate->config, report) ||
	    cp_sync_check(candidate->config, report))
		return -1;
	cp_diff(app->config, candidate->config, &candidate->diff);
	if (candidate->diff.failed || make_states(app, candidate)) {
		cp_report_add(report, file, 0, "out of memory");
		return -1;
	}
	if (refuse_restarts(candidate, file, report) ||
	    (!force && refuse_shrinking(app, candidate, file, report)))
		return -1;
	error = app->netlink ? cp_netlink_topology(app->netlink, candidate->config, &candidate->topology)
			     : cp_topology_static(candidate->config, &candidate->topology);
	if (error) {
		cp_report_add(report, file, 0, "the network cannot be read: %s", strerror(-error));
		return -1;
	}
	return cp_publish_try(app->publish, candidate->config, &candidate->states, &candidate->topology, report);
}

// After this the candidate holds what ran before.
static void swap(struct cp_app *app, struct candidate *candidate)
{
	struct candidate before = {.config = app->config, .states = app->states, .topology = app->topology,
				   .diff = candidate->diff};

	app->config = candidate->config;
	app->states = candidate->states;
	app->topology = candidate->topology;
	*candidate = before;
}

// While a configuration is on trial, the file is not what runs and not what the way back leads to.
static bool on_trial(const struct cp_app *app, const char *file, struct cp_report *report)
{
	if (file || !cp_trial_waits(app, NULL))
		return false;
	cp_report_add(report, app->config_file, 0, "not read while another configuration is on trial: "
		      "poisectl confirm, or poisectl rollback");
	return true;
}

int cp_reload(struct cp_app *app, const char *file, bool force, struct cp_report *report, char **summary)
{
	struct candidate candidate = {0};
	size_t before = report->count;
	bool own = !file, refused = on_trial(app, file, report);
	char *line = NULL;
	int error;

	if (own)
		file = app->config_file;
	error = refused || app->stopping ? -1 : make(app, file, force, &candidate, report);
	if (error) {
		if (report->count == before)
			cp_report_add(report, file, 0, "poised is stopping");
		app->reloads_failed++;
		cp_log(CP_LOG_ERROR, "reload-refused", "%s is not taken, the running configuration stays", file);
		cp_log_report("reload-refused", report);
	} else {
		line = cp_diff_summary(&candidate.diff);
		swap(app, &candidate);
		cp_checks_apply(app->checks);
		if (app->netlink)
			cp_netlink_solicit(app->netlink);
		error = cp_publish_now(app->publish, report); // tried above: fails for want of memory alone
		app->reloads++;
		cp_guard_look(app->guard);
		if (app->sync)
			cp_sync_apply(app->sync); // logs
		if (own)
			cp_trial_keep(app);
		cp_log(CP_LOG_INFO, "reloaded", "reloaded %s: %s", file, line ? line : "done");
	}
	if (summary)
		*summary = line;
	else
		free(line);
	cp_diff_fini(&candidate.diff);
	cp_topology_fini(&candidate.topology);
	cp_states_fini(&candidate.states);
	cp_config_free(candidate.config);
	return error ? -1 : 0;
}
