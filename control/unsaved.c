// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "unsaved.h"

#include <stdio.h>
#include <string.h>

#include "app.h"
#include "log.h"
#include "overrides.h"
#include "publish.h"
#include "trial.h"

#define RETRY_S 5

static const char *const missed[CP_UNSAVED_FILES] = {
	[CP_UNSAVED_SNAPSHOT] = "a restart of poised would not know the last change",
	[CP_UNSAVED_OVERRIDES] = "a restart of poised would not know the last drain, disable or weight",
	[CP_UNSAVED_RUNNING] = "there is no way back to what runs now",
};

static void on_retry(evutil_socket_t fd, short what, void *context)
{
	struct cp_app *app = context;
	unsigned files = app->unsaved.files;

	if (app->stopping)
		return;
	if (files & 1u << CP_UNSAVED_SNAPSHOT)
		cp_publish_save(app);
	if (files & 1u << CP_UNSAVED_OVERRIDES)
		cp_overrides_keep(app);
	if (files & 1u << CP_UNSAVED_RUNNING)
		cp_trial_keep(app);
}

static void retry_later(struct cp_app *app)
{
	static const struct timeval wait = {.tv_sec = RETRY_S};

	if (!app->unsaved.retry && app->base)
		app->unsaved.retry = evtimer_new(app->base, on_retry, app);
	if (app->unsaved.retry)
		evtimer_add(app->unsaved.retry, &wait);
}

void cp_unsaved_result(struct cp_app *app, enum cp_unsaved_file file, const char *path, int error)
{
	unsigned bit = 1u << file, before = app->unsaved.files;

	if (error && !(before & bit))
		cp_log(CP_LOG_WARNING, "not-saved", "%s cannot be written: %s; %s; it is tried again every %d s", path,
		       strerror(-error), missed[file], RETRY_S);
	else if (!error && before & bit)
		cp_log(CP_LOG_INFO, "saved", "%s is written again", path);
	app->unsaved.files = error ? before | bit : before & ~bit;
	if (error)
		retry_later(app);
}

void cp_unsaved_stop(struct cp_app *app)
{
	if (app->unsaved.retry)
		event_free(app->unsaved.retry);
	app->unsaved.retry = NULL;
}
