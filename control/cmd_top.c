// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// top: the overview. A client with a terminal is asked to show it on the whole of it, and to ask for more.
#include "cmd.h"
#include "overview.h"

enum cp_cmd_status cp_cmd_top(struct cp_cmd *cmd)
{
	enum cp_cmd_status status = cp_cmd_status(cmd); // text for a client without

	json_decref(cmd->document);
	cmd->document = NULL;
	if (status == CP_CMD_DONE) {
		evbuffer_add(cmd->out, "\n", 1);
		status = cp_cmd_backends(cmd);
		json_decref(cmd->document);
		cmd->document = NULL;
	}
	cmd->screen = "top";
	return status == CP_CMD_DONE ? cp_cmd_give(cmd, cp_overview_json(cmd->app, cmd->load)) : status;
}
