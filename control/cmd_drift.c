// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// drift: what the operator set by hand, beside what the file says.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd_file.h"
#include "cmd_json.h"
#include "config_drift.h"
#include "kept.h"
#include "log.h"

static const struct cp_text_column columns[] = {
	{"BACKEND", "name", CP_TEXT_PLAIN},
	{"KEY", "key", CP_TEXT_PLAIN},
	{"FILE", "file", CP_TEXT_PLAIN},
	{"NOW", "now", CP_TEXT_PLAIN},
};

static void add(json_t *rows, const struct cp_backend_state *state, const char *key, json_t *file, json_t *now)
{
	json_array_append_new(rows, json_pack("{so ss ss ss so so}", "name",
					      json_sprintf("%s/%s", state->service, state->backend), "service",
					      state->service, "backend", state->backend, "key", key, "file", file,
					      "now", now));
}

static json_t *rows_of(const struct cp_app *app)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < app->states.count; i++) {
		const struct cp_backend_state *state = &app->states.items[i];

		if (state->disabled)
			add(rows, state, "disabled", json_false(), json_true());
		if (state->draining)
			add(rows, state, "draining", json_false(), json_true());
		if (state->weight >= 0)
			add(rows, state, "weight", json_integer(cp_drift_weight(app->config, state)),
			    json_integer(state->weight));
	}
	return rows;
}

// Only a new file: poised is root, its caller need not be.
static enum cp_cmd_status save(struct cp_cmd *cmd, const char *file, char path[CP_CMD_PATH])
{
	char *text;
	int error;

	if (cp_cmd_path(cmd, file, path))
		return CP_CMD_FAILED;
	if (access(path, F_OK) == 0)
		return cp_cmd_fail(cmd, "%s: is there already, name a new file", path);
	text = cp_drift_text(cmd->app->config, &cmd->app->states);
	if (!text)
		return cp_cmd_fail(cmd, "out of memory");
	error = cp_kept_write(path, text);
	free(text);
	if (error)
		return cp_cmd_fail(cmd, "%s: %s", path, strerror(-error));
	return CP_CMD_DONE;
}

enum cp_cmd_status cp_cmd_drift(struct cp_cmd *cmd)
{
	char path[CP_CMD_PATH] = "";
	json_t *rows;

	if (cmd->argc == 2 || (cmd->argc == 3 && strcmp(cmd->argv[1], "--save")))
		return cp_cmd_usage(cmd, "usage: poisectl drift [--save FILE]");
	if (cmd->argc == 3 && save(cmd, cmd->argv[2], path))
		return CP_CMD_FAILED;
	rows = rows_of(cmd->app);
	if (!json_array_size(rows))
		evbuffer_add_printf(cmd->out, "no drift: everything is as the file says\n");
	cp_text_table(cmd->out, columns, POISE_COUNT(columns), rows);
	if (*path)
		evbuffer_add_printf(cmd->out, "written to %s\n", path);
	return cp_cmd_give(cmd, json_pack("{so so}", "drift", rows, "saved", cp_json_text(path)));
}
