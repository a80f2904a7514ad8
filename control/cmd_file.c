// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "cmd_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd_json.h"

#define FILE_MAX (8 << 20) // bytes; far above any file people write, small enough to parse at once

json_t *cp_cmd_report_json(const struct cp_report *report)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < report->count; i++)
		json_array_append_new(lines, cp_json_text(report->lines[i] ? report->lines[i] : ""));
	return lines;
}

void cp_cmd_report_text(struct cp_cmd *cmd, const struct cp_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		evbuffer_add_printf(cmd->err, "%s\n", report->lines[i] ? report->lines[i] : "out of memory");
}

enum cp_cmd_status cp_cmd_path(struct cp_cmd *cmd, const char *file, char path[CP_CMD_PATH])
{
	bool relative = *file != '/' && cmd->cwd && *cmd->cwd == '/';
	int length = snprintf(path, CP_CMD_PATH, "%s%s%s", relative ? cmd->cwd : "", relative ? "/" : "", file);

	return length < CP_CMD_PATH ? CP_CMD_DONE : cp_cmd_fail(cmd, "%.40s...: name too long", file);
}

static enum cp_cmd_status regular(struct cp_cmd *cmd, const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status)) {
		cp_cmd_fail(cmd, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return CP_CMD_FAILED;
	}
	close(fd);
	if (!S_ISREG(status.st_mode))
		return cp_cmd_fail(cmd, "%s: not a regular file", path);
	if (status.st_size > FILE_MAX)
		return cp_cmd_fail(cmd, "%s: larger than %d MiB", path, FILE_MAX >> 20);
	return CP_CMD_DONE;
}

enum cp_cmd_status cp_cmd_file(struct cp_cmd *cmd, const char *file, char path[CP_CMD_PATH])
{
	return cp_cmd_path(cmd, file, path) ? CP_CMD_FAILED : regular(cmd, path);
}
