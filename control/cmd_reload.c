// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// reload, check.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "cmd_json.h"
#include "diff.h"
#include "interfaces.h"
#include "states.h"

#define FILE_MAX (8 << 20) // bytes; far above any file people write, small enough to parse at once

static json_t *report_json(const struct cp_report *report)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < report->count; i++)
		json_array_append_new(lines, cp_json_text(report->lines[i] ? report->lines[i] : ""));
	return lines;
}

static void report_text(struct cp_cmd *cmd, const struct cp_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		evbuffer_add_printf(cmd->err, "%s\n", report->lines[i] ? report->lines[i] : "out of memory");
}

enum cp_cmd_status cp_cmd_reload(struct cp_cmd *cmd)
{
	struct cp_report report = {0};
	char *summary = NULL;
	bool good = cp_reload(cmd->app, NULL, &report, &summary) == 0;
	enum cp_cmd_status status;

	report_text(cmd, &report);
	if (good)
		evbuffer_add_printf(cmd->out, "%s\n", summary ? summary : "reloaded");
	else
		evbuffer_add_printf(cmd->err, "not reloaded: the running configuration stays\n");
	status = cp_cmd_give(cmd,
			     json_pack("{sb so so}", "reloaded", (int)good, "summary",
				       cp_json_text(summary ? summary : ""), "errors", report_json(&report)));
	cmd->changed = good;
	cp_report_fini(&report);
	free(summary);
	return good ? status : CP_CMD_FAILED;
}

// The caller's idea of `file`: relative to where it stands. 0 or -ENAMETOOLONG.
static int resolve(const struct cp_cmd *cmd, const char *file, char *path, size_t size)
{
	bool relative = *file != '/' && cmd->cwd && *cmd->cwd == '/';
	int length = snprintf(path, size, "%s%s%s", relative ? cmd->cwd : "", relative ? "/" : "", file);

	return length < (int)size ? 0 : -ENAMETOOLONG;
}

// poised must not wait for a pipe or read a disk whole because of a wrong name.
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

// Limits of the snapshot are seen only when one is made.
static int try_compile(const struct cp_config *config, struct cp_report *report)
{
	struct poise_snapshot *snapshot = malloc(sizeof(*snapshot));
	struct cp_topology topology = {0};
	struct cp_states states = {0};
	int error = -1;

	if (!snapshot || cp_states_sync(&states, config, true) || cp_topology_static(config, &topology))
		cp_report_add(report, config->file, 0, "out of memory");
	else
		error = cp_compile(config, &states, &topology, NULL, NULL, snapshot, report);
	cp_topology_fini(&topology);
	cp_states_fini(&states);
	free(snapshot);
	return error;
}

// What a reload of a good file would do: a text for people, lines for programs.
static json_t *plan(struct cp_cmd *cmd, const struct cp_config *config)
{
	struct cp_diff diff;
	char *summary;
	json_t *object;

	cp_diff(cmd->app->config, config, &diff);
	summary = cp_diff_summary(&diff);
	evbuffer_add_printf(cmd->out, "%s: good; against what runs: %s\n", config->file,
			    summary ? summary : "unknown, out of memory");
	object = json_pack("{so sb}", "summary", cp_json_text(summary ? summary : ""), "restart",
			   (int)diff.restart);
	free(summary);
	cp_diff_fini(&diff);
	return object;
}

enum cp_cmd_status cp_cmd_check(struct cp_cmd *cmd)
{
	struct cp_report report = {0};
	struct cp_config *config;
	char path[PATH_MAX];
	enum cp_cmd_status status;
	bool good;

	if (resolve(cmd, cmd->argv[1], path, sizeof(path)))
		return cp_cmd_fail(cmd, "%.40s...: name too long", cmd->argv[1]);
	if (regular(cmd, path))
		return CP_CMD_FAILED;
	config = cp_config_load(path, &report);
	good = config && !cp_interfaces_check(config, &report) && !try_compile(config, &report);
	report_text(cmd, &report);
	status = cp_cmd_give(cmd, json_pack("{so sb so so}", "file", cp_json_text(path), "good", (int)good,
					    "errors", report_json(&report), "change",
					    good ? plan(cmd, config) : json_null()));
	cp_config_free(config);
	cp_report_fini(&report);
	return good ? status : CP_CMD_FAILED;
}
