// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Files that a verb is given, and reports about them.
#pragma once

#include <limits.h>

#include "cmd.h"

#define CP_CMD_PATH PATH_MAX

// The caller's idea of `file`, relative to where it stands. Complains and returns non-zero when it is too long.
enum cp_cmd_status cp_cmd_path(struct cp_cmd *cmd, const char *file, char path[CP_CMD_PATH]);
// The same, of a regular file that can be read at once: poised must not wait for a pipe or read a disk whole.
enum cp_cmd_status cp_cmd_file(struct cp_cmd *cmd, const char *file, char path[CP_CMD_PATH]);

json_t *cp_cmd_report_json(const struct cp_report *report);
void cp_cmd_report_text(struct cp_cmd *cmd, const struct cp_report *report);
