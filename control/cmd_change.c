// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// apply, confirm, rollback: changes with a way back.
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_json.h"
#include "cmd_file.h"
#include "trial.h"

// Say what was done, or why not.
static enum cp_cmd_status answer(struct cp_cmd *cmd, bool good, const char *text, const char *summary,
				 struct cp_report *report)
{
	enum cp_cmd_status status;
	uint32_t left;
	bool waits = cp_trial_waits(cmd->app, &left);

	cp_cmd_report_text(cmd, report);
	if (good)
		evbuffer_add_printf(cmd->out, "%s%s%s\n", text, summary && *summary ? ": " : "",
				    summary ? summary : "");
	status = cp_cmd_give(cmd, json_pack("{sb so sb si so}", "done", (int)good, "summary",
					    cp_json_text(summary ? summary : ""), "waits_for_confirmation", (int)waits,
					    "left_s", waits ? (int)left : 0, "errors",
					    cp_cmd_report_json(report)));
	cmd->changed = good;
	cp_report_fini(report);
	return good ? status : CP_CMD_FAILED;
}

// 1 to a day, or 0.
static uint32_t seconds_of(const char *text)
{
	char *end;
	long seconds = strtol(text, &end, 10);

	return *text < '0' || *text > '9' || *end || seconds > CP_TRIAL_MOST_S ? 0 : (uint32_t)seconds;
}

enum cp_cmd_status cp_cmd_apply(struct cp_cmd *cmd)
{
	struct cp_report report = {0};
	const char *file = NULL;
	char path[CP_CMD_PATH], text[80], *summary = NULL;
	uint32_t seconds = 0;
	bool force = false, good;
	enum cp_cmd_status status;

	for (int i = 1; i < cmd->argc; i++) {
		if (!strcmp(cmd->argv[i], "--force"))
			force = true;
		else if (!strcmp(cmd->argv[i], "--confirm") && i + 1 < cmd->argc)
			seconds = seconds_of(cmd->argv[++i]);
		else if (!file && *cmd->argv[i] != '-')
			file = cmd->argv[i];
		else
			return cp_cmd_usage(cmd, "apply does not know \"%.40s\"", cmd->argv[i]);
	}
	if (!file || !seconds)
		return cp_cmd_usage(cmd, "usage: poisectl apply FILE --confirm SECONDS [--force], 1 to %d seconds",
				    CP_TRIAL_MOST_S);
	if (cp_cmd_file(cmd, file, path))
		return CP_CMD_FAILED;
	good = cp_trial_apply(cmd->app, path, seconds, force, &report, &summary) == 0;
	snprintf(text, sizeof(text), "on trial for %u seconds, then `poisectl confirm` or it goes back", seconds);
	status = answer(cmd, good, text, summary, &report);
	free(summary);
	return status;
}

enum cp_cmd_status cp_cmd_confirm(struct cp_cmd *cmd)
{
	struct cp_report report = {0};
	bool good = cp_trial_confirm(cmd->app, &report) == 0;

	return answer(cmd, good, "confirmed", cmd->app->config_file, &report);
}

enum cp_cmd_status cp_cmd_rollback(struct cp_cmd *cmd)
{
	struct cp_report report = {0};
	char *summary = NULL;
	bool good = cp_trial_rollback(cmd->app, &report, &summary) == 0;
	enum cp_cmd_status status = answer(cmd, good, "rolled back", summary, &report);

	free(summary);
	return status;
}
