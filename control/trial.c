// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diff.h"
#include "interfaces.h"
#include "kept.h"
#include "log.h"
#include "unsaved.h"

#define RETRY_S 5 // a way back that cannot be gone now, an interface is gone

bool cp_trial_waits(const struct cp_app *app, uint32_t *left_s)
{
	uint64_t now_ns = cp_kept_now_ns(), until_ns = app->trial.until_ns;

	if (left_s)
		*left_s = until_ns > now_ns ? (uint32_t)((until_ns - now_ns + 999999999) / 1000000000) : 0;
	return until_ns != 0;
}

static void end(struct cp_app *app)
{
	app->trial.until_ns = 0;
	if (app->trial.timer)
		event_del(app->trial.timer);
	cp_kept_trial_remove(app->config->state_directory);
}

void cp_trial_keep(struct cp_app *app)
{
	const char *directory = app->config->state_directory;
	char path[CP_KEPT_PATH];

	cp_unsaved_result(app, CP_UNSAVED_RUNNING, cp_kept_path(directory, CP_KEPT_RUNNING, path),
			  cp_kept_running(directory, app->config->text));
}

static int wait_for(struct cp_app *app)
{
	struct timeval time = {0};
	uint32_t left;

	cp_trial_waits(app, &left);
	time.tv_sec = left;
	return evtimer_add(app->trial.timer, &time) ? -ENOMEM : 0;
}

static int back(struct cp_app *app, struct cp_report *report, char **summary)
{
	char path[CP_KEPT_PATH];
	int error = cp_reload(app, cp_kept_path(app->config->state_directory, CP_KEPT_RUNNING, path), true, report,
			      summary);

	if (!error)
		end(app);
	return error;
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	static const struct timeval retry = {.tv_sec = RETRY_S};
	struct cp_app *app = context;
	struct cp_report report = {0};
	uint32_t left;

	if (!cp_trial_waits(app, &left) || app->stopping)
		return;
	if (left) {
		wait_for(app);
		return;
	}
	if (back(app, &report, NULL) == 0)
		cp_log(CP_LOG_WARNING, "rolled-back", "not confirmed in time: what ran before runs again");
	else
		evtimer_add(app->trial.timer, &retry);
	cp_report_fini(&report);
}

// A trial's text is read like any file, and a reload to it must have been possible.
static struct cp_config *load(const struct cp_app *app)
{
	struct cp_report report = {0};
	char path[CP_KEPT_PATH];
	struct cp_config *config =
		cp_config_load(cp_kept_path(app->config->state_directory, CP_KEPT_TRIAL, path), &report);
	struct cp_diff diff = {0};

	if (config)
		cp_diff(app->config, config, &diff);
	if (config && (diff.restart || diff.failed || cp_interfaces_check(config, &report))) {
		cp_config_free(config);
		config = NULL;
	}
	cp_diff_fini(&diff);
	cp_report_fini(&report);
	return config;
}

void cp_trial_resume(struct cp_app *app)
{
	const char *directory = app->config->state_directory;
	struct cp_kept_trial trial = {0};
	int error = cp_kept_trial_read(directory, &trial);
	struct cp_config *config = NULL;

	if (error == -ENOENT)
		return;
	if (!error && trial.until_ns > cp_kept_now_ns())
		config = load(app);
	if (!config) {
		cp_log(CP_LOG_WARNING, "rolled-back", "a configuration that waited for its confirmation is dropped: %s",
		       error ? "it is of another boot, or damaged"
			     : trial.until_ns > cp_kept_now_ns() ? "it does not fit any more" : "its time is over");
		cp_kept_trial_remove(directory);
		return;
	}
	cp_config_free(app->config);
	app->config = config;
	app->trial.until_ns = trial.until_ns;
}

int cp_trial_start(struct cp_app *app)
{
	uint32_t left;

	app->trial.timer = evtimer_new(app->base, on_timer, app);
	if (!app->trial.timer)
		return -ENOMEM;
	if (!cp_trial_waits(app, &left)) {
		cp_trial_keep(app);
		return 0;
	}
	cp_log(CP_LOG_WARNING, "trial", "a configuration still waits %u seconds for its confirmation", left);
	return wait_for(app);
}

void cp_trial_stop(struct cp_app *app)
{
	if (app->trial.timer)
		event_free(app->trial.timer);
	app->trial.timer = NULL;
}

// On disk before it runs, so that no kill in between loses the way back.
static int keep_trial(struct cp_app *app, const char *file, uint32_t seconds, struct cp_report *report)
{
	const char *directory = app->config->state_directory;
	struct cp_kept_trial trial = {.until_ns = cp_kept_now_ns() + seconds * 1000000000ull};
	struct cp_config *config = cp_config_load(file, report);
	int error;

	if (!config)
		return -1;
	error = cp_kept_running(directory, app->config->text);
	if (!error)
		error = cp_kept_trial_write(directory, config->text, &trial);
	cp_config_free(config);
	if (error) {
		cp_kept_trial_remove(directory);
		cp_report_add(report, directory, 0, "%s: the way back cannot be kept, so nothing is changed",
			      strerror(-error));
		return -1;
	}
	app->trial.until_ns = trial.until_ns;
	return 0;
}

int cp_trial_apply(struct cp_app *app, const char *file, uint32_t seconds, bool force, struct cp_report *report,
		   char **summary)
{
	*summary = NULL;
	if (cp_trial_waits(app, NULL)) {
		cp_report_add(report, NULL, 0, "a configuration waits for its confirmation already: "
			      "poisectl confirm, or poisectl rollback");
		return -1;
	}
	if (keep_trial(app, file, seconds, report))
		return -1;
	if (cp_reload(app, file, force, report, summary)) {
		end(app);
		return -1;
	}
	cp_log(CP_LOG_INFO, "trial", "%s runs on trial for %u seconds", file, seconds);
	wait_for(app);
	return 0;
}

int cp_trial_confirm(struct cp_app *app, struct cp_report *report)
{
	int error;

	if (!cp_trial_waits(app, NULL)) {
		cp_report_add(report, NULL, 0, "nothing waits for a confirmation");
		return -1;
	}
	error = cp_kept_write(app->config_file, app->config->text);
	if (error) {
		cp_report_add(report, app->config_file, 0, "cannot be written: %s; the trial goes on",
			      strerror(-error));
		return -1;
	}
	cp_trial_keep(app);
	end(app);
	cp_log(CP_LOG_INFO, "confirmed", "confirmed and written to %s", app->config_file);
	return 0;
}

int cp_trial_rollback(struct cp_app *app, struct cp_report *report, char **summary)
{
	char path[CP_KEPT_PATH];
	int error;

	*summary = NULL;
	if (cp_trial_waits(app, NULL)) {
		if (back(app, report, summary))
			return -1;
		cp_log(CP_LOG_INFO, "rolled-back", "rolled back: what ran before runs again");
		return 0;
	}
	cp_kept_path(app->config->state_directory, CP_KEPT_PREVIOUS, path);
	if (access(path, F_OK)) {
		cp_report_add(report, path, 0, "%s: no earlier configuration is known", strerror(errno));
		return -1;
	}
	if (cp_reload(app, path, true, report, summary))
		return -1;
	error = cp_kept_write(app->config_file, app->config->text);
	if (error)
		cp_report_add(report, app->config_file, 0, "cannot be written: %s; the next reload takes what it says",
			      strerror(-error));
	cp_trial_keep(app);
	cp_log(CP_LOG_INFO, "rolled-back", "rolled back to the configuration before the last change");
	return 0;
}
