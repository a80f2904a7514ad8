// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// restart: a new process for the dataplane, as after an upgrade of the program.
#include "cmd.h"
#include "log.h"
#include "spawn_dataplane.h"

enum cp_cmd_status cp_cmd_restart(struct cp_cmd *cmd)
{
	struct cp_app *app = cmd->app;
	int pid = (int)app->dataplane.pid;
	const char *why = "mode xdp has no dataplane";

	if (cp_nic_mode_dataplane(app->config->dataplane.mode))
		why = app->spawn ? cp_spawn_restart(app->spawn) : "poised is starting";
	if (why)
		return cp_cmd_fail(cmd, "not restarted: %s", why);
	if (pid)
		evbuffer_add_printf(cmd->out, "restarting the dataplane (pid %d)\n", pid);
	else
		evbuffer_add_printf(cmd->out, "starting the dataplane\n");
	return cp_cmd_give(cmd, json_pack("{sb si}", "restarting", 1, "pid_before", pid));
}
