// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// top: the overview. A client with a terminal is asked to show it on the whole of it, and to ask for more.
#include "cmd.h"
#include "overview.h"

static void forget(struct cp_cmd *cmd)
{
	json_decref(cmd->document);
	cmd->document = NULL;
}

// For a client without a terminal.
static enum cp_cmd_status text(struct cp_cmd *cmd)
{
	enum cp_cmd_status status = cp_cmd_status(cmd);

	forget(cmd);
	if (status != CP_CMD_DONE)
		return status;
	evbuffer_add(cmd->out, "\n", 1);
	status = cp_cmd_backends(cmd);
	forget(cmd);
	return status;
}

enum cp_cmd_status cp_cmd_top(struct cp_cmd *cmd)
{
	enum cp_cmd_status status = cmd->json ? CP_CMD_DONE : text(cmd);

	cmd->screen = "top";
	return status == CP_CMD_DONE ? cp_cmd_give(cmd, cp_overview_json(cmd->app, cmd->load)) : status;
}
