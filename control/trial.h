// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A configuration on trial: it runs, and unless somebody confirms it in time, what ran before comes back. The file
// poised was started with is written only when it is confirmed. The trial outlives poised (kept.h).
#pragma once

#include "app.h"

#define CP_TRIAL_LEAST_S 1
#define CP_TRIAL_MOST_S 86400

// At the start, when app->config is loaded and the instance is ours: run the configuration that still waits, if
// there is one. Needs no event loop yet.
void cp_trial_resume(struct cp_app *app);
// When the event loop is there and the start went well. Returns 0 or -errno.
int cp_trial_start(struct cp_app *app);
void cp_trial_stop(struct cp_app *app);

// Does a configuration wait for its confirmation? *left_s (may be NULL) gets the seconds left.
bool cp_trial_waits(const struct cp_app *app, uint32_t *left_s);

// Take `file` on trial for `seconds`. As cp_reload().
int cp_trial_apply(struct cp_app *app, const char *file, uint32_t seconds, bool force, struct cp_report *report,
		   char **summary);
// Keep what is on trial: write it to the file. Returns 0, or -1 with a line in *report; the trial then goes on.
int cp_trial_confirm(struct cp_app *app, struct cp_report *report);
// Back to what ran before: before the trial, else before the last change. As cp_reload().
int cp_trial_rollback(struct cp_app *app, struct cp_report *report, char **summary);

// What runs is what the file says: keep it as the way back. Warns once when the disk does not take it.
void cp_trial_keep(struct cp_app *app);
