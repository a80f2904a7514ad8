// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Becoming a daemon: the command returns when poised runs, with a status that says whether it does.
#pragma once

// Fork. The parent waits for the child's word and exits with it; the child returns with the descriptor that
// carries it, or -errno.
int cp_daemon_fork(void);

// Poised runs: let the parent exit with 0, leave the terminal, log to syslog from now on. Output of the dataplane
// goes to `log_file`.
void cp_daemon_running(int word, const char *log_file);
