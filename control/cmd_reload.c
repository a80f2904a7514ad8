// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// reload, check.
#include <stdlib.h>
#include <string.h>

#include "cmd_file.h"
#include "cmd_json.h"
#include "diff.h"
#include "interfaces.h"
#include "states.h"

enum cp_cmd_status cp_cmd_reload(struct cp_cmd *cmd)
{
	struct cp_report report = {0};
	char *summary = NULL;
	bool force = cmd->argc > 1, good;
	enum cp_cmd_status status;

	if (force && strcmp(cmd->argv[1], "--force"))
		return cp_cmd_usage(cmd, "reload does not know \"%.40s\"", cmd->argv[1]);
	good = cp_reload(cmd->app, NULL, force, &report, &summary) == 0;
	cp_cmd_report_text(cmd, &report);
	if (good)
		evbuffer_add_printf(cmd->out, "%s\n", summary ? summary : "reloaded");
	else
		evbuffer_add_printf(cmd->err, "not reloaded: the running configuration stays\n");
	status = cp_cmd_give(cmd,
			     json_pack("{sb so so}", "reloaded", (int)good, "summary",
				       cp_json_text(summary ? summary : ""), "errors", cp_cmd_report_json(&report)));
	cmd->changed = good;
	cp_report_fini(&report);
	free(summary);
	return good ? status : CP_CMD_FAILED;
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
	char path[CP_CMD_PATH];
	enum cp_cmd_status status;
	bool good;

	if (cp_cmd_file(cmd, cmd->argv[1], path))
		return CP_CMD_FAILED;
	config = cp_config_load(path, &report);
	good = config && !cp_interfaces_check(config, &report) && !try_compile(config, &report);
	cp_cmd_report_text(cmd, &report);
	status = cp_cmd_give(cmd, json_pack("{so sb so so}", "file", cp_json_text(path), "good", (int)good,
					    "errors", cp_cmd_report_json(&report), "change",
					    good ? plan(cmd, config) : json_null()));
	cp_config_free(config);
	cp_report_fini(&report);
	return good ? status : CP_CMD_FAILED;
}
