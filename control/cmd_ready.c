// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// ready, withdraw, announce: shall routers send traffic here?
#include "cmd_json.h"
#include "cmd.h"
#include "log.h"
#include "sync.h"

enum cp_cmd_status cp_cmd_ready(struct cp_cmd *cmd)
{
	const char *why = NULL;
	bool ready = cp_view_ready(cmd->app, &why);
	enum cp_cmd_status status;

	evbuffer_add_printf(cmd->out, ready ? "ready\n" : "not ready: %s\n", why);
	status = cp_cmd_give(cmd, json_pack("{sb so}", "ready", (int)ready, "reason", cp_json_text(why ? why : "")));
	return status == CP_CMD_DONE && !ready ? CP_CMD_FAILED : status;
}

enum cp_cmd_status cp_cmd_withdraw(struct cp_cmd *cmd)
{
	if (!cmd->app->sync)
		return cp_cmd_fail(cmd, "poised is starting");
	cp_sync_withdraw(cmd->app->sync);
	cp_log(CP_LOG_INFO, "withdrawn", "not ready from now on, by the operator");
	evbuffer_add_printf(cmd->out, "not ready as soon as the peer has all flows, or in 2 s\n");
	return cp_cmd_give(cmd, json_pack("{sb}", "withdrawn", 1));
}

enum cp_cmd_status cp_cmd_announce(struct cp_cmd *cmd)
{
	if (!cmd->app->sync)
		return cp_cmd_fail(cmd, "poised is starting");
	cp_sync_announce(cmd->app->sync);
	cp_log(CP_LOG_INFO, "announced", "ready again, as far as the operator is concerned");
	evbuffer_add_printf(cmd->out, "ready again, unless something else is missing\n");
	return cp_cmd_give(cmd, json_pack("{sb}", "withdrawn", 0));
}
