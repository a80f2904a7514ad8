// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What could not be written to disk. It is said once, tried again every few seconds, and said once more when it is
// saved: a full disk costs no packet, and needs no restart when there is room again.
#pragma once

struct cp_app;

enum cp_unsaved_file {
	CP_UNSAVED_SNAPSHOT,  // RUN/snapshot.bin
	CP_UNSAVED_OVERRIDES, // RUN/overrides.json
	CP_UNSAVED_RUNNING,   // STATE/running.conf
	CP_UNSAVED_FILES,
};

// How writing `file` at `path` went: 0 or -errno.
void cp_unsaved_result(struct cp_app *app, enum cp_unsaved_file file, const char *path, int error);

void cp_unsaved_stop(struct cp_app *app);
