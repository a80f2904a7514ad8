// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What poised keeps on disk about its configurations, so that there is a way back:
//
//   running.conf   the text that runs, as it was accepted
//   previous.conf  the one before it: what `rollback` goes to
//   trial.conf, trial.json   a configuration that waits for its confirmation, and until when
//
// Each file is written beside and renamed, so it is whole or not there. A directory that cannot be written
// costs a warning and the way back, nothing else. poised's thread; errors are -errno.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CP_KEPT_RUNNING "running.conf"
#define CP_KEPT_PREVIOUS "previous.conf"
#define CP_KEPT_TRIAL "trial.conf"
#define CP_KEPT_TRIAL_JSON "trial.json"
#define CP_KEPT_PATH 4096

// DIRECTORY/NAME. Returns `path`; a name that is too long is cut, and then not found.
const char *cp_kept_path(const char *directory, const char *name, char path[CP_KEPT_PATH]);

// Make the directory (its parent must be there) with mode 0700 when it is missing.
int cp_kept_directory(const char *directory);

// Replace the file at `path` by `text`, synced. An old file keeps its mode and owner and stays whole on failure.
int cp_kept_write(const char *path, const char *text);

// A text that replaces the running one: running.conf becomes previous.conf, unless the text is the same.
int cp_kept_running(const char *directory, const char *text);

// A confirmation that is waited for. The clock is CLOCK_BOOTTIME: a clock step does not move it; another boot ends it.
struct cp_kept_trial {
	uint64_t until_ns;
};

int cp_kept_trial_write(const char *directory, const char *text, const struct cp_kept_trial *trial);
// -ENOENT: none. -ESTALE: one of another boot. -EINVAL: not readable.
int cp_kept_trial_read(const char *directory, struct cp_kept_trial *trial);
void cp_kept_trial_remove(const char *directory);

// CLOCK_BOOTTIME.
uint64_t cp_kept_now_ns(void);
