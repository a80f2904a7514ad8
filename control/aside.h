// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What an earlier run left and this one cannot use may still be used by a process that runs: it is renamed, never
// removed.
#pragma once

// Rename `path` (a pin or a file), so that another may be made in its place, and log one line that names it as
// `what` with the reason `why`. Returns 0 or -errno.
int cp_put_aside(const char *path, const char *what, const char *why);
