// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// drain, enable, disable, weight: the operator's wishes for one backend. They stand in app->states, become a
// new snapshot by cp_changed() like everything else, and are kept in a file for the next poised (overrides.h).
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_json.h"
#include "cmd_select.h"
#include "log.h"
#include "overrides.h"

#define WEIGHT_MAX 256
#define DEADLINE_MAX 86400

static const struct cp_view_backend *row_of(const struct cp_view *view, const struct cp_backend_state *state,
					    const struct cp_view_service **service)
{
	for (uint32_t s = 0; s < view->services_count; s++) {
		*service = &view->services[s];
		if (strcmp((*service)->config->name, state->service) != 0)
			continue;
		for (uint32_t i = 0; i < (*service)->configured; i++) {
			const struct cp_view_backend *row = &view->backends[(*service)->first + i];

			if (strcmp(row->name, state->backend) == 0)
				return row;
		}
	}
	return NULL;
}

// Does some other backend of the service take the new flows?
static bool others(const struct cp_view *view, const struct cp_view_service *service,
		   const struct cp_view_backend *row)
{
	for (uint32_t i = 0; i < service->configured; i++) {
		const struct cp_view_backend *other = &view->backends[service->first + i];

		if (other != row && (other->state == CP_VIEW_UP || other->state == CP_VIEW_STANDBY))
			return true;
	}
	return false;
}

// Say what holds now.
static enum cp_cmd_status answer(struct cp_cmd *cmd, const struct cp_backend_state *state, const char *text,
				 bool takes_flows)
{
	const struct cp_view_service *service = NULL;
	const struct cp_view_backend *row;
	struct cp_view view;
	enum cp_cmd_status status = CP_CMD_FAILED;

	row = cp_view_make(cmd->app, &view) ? NULL : row_of(&view, state, &service);
	if (row) {
		evbuffer_add_printf(cmd->out, "%s/%s: %s, %" PRIu64 " active flow%s\n", row->service,
				    row->name, text, row->traffic.flows_active,
				    row->traffic.flows_active == 1 ? "" : "s");
		if (!takes_flows && !others(&view, service, row))
			evbuffer_add_printf(cmd->err, "warning: no other backend of %s takes new flows\n",
					    row->service);
		status = cp_cmd_give(cmd, cp_json_backend(row));
	} else {
		cp_cmd_fail(cmd, "done, but there is no memory to say more");
	}
	cp_view_fini(&view);
	return status;
}

static void changed(struct cp_cmd *cmd, const struct cp_backend_state *state, const char *text)
{
	const struct cp_log_subject subject = {.service = state->service, .backend = state->backend};
	int error;

	cmd->changed = true;
	cp_log_about(&subject, CP_LOG_INFO, "operator", "%s/%s: %s", state->service, state->backend, text);
	error = cp_overrides_keep(cmd->app);
	if (error) // in force all the same
		evbuffer_add_printf(cmd->err, "warning: done, but a restart of poised forgets it: %s/" CP_OVERRIDES_FILE
				    ": %s\n", cmd->app->run_dir, strerror(-error));
	cp_changed(cmd->app);
}

// 0 to DEADLINE_MAX, or -1.
static int32_t deadline_of(const char *text)
{
	char *end;
	long seconds;

	if (*text < '0' || *text > '9')
		return -1;
	seconds = strtol(text, &end, 10);
	return *end || seconds > DEADLINE_MAX ? -1 : (int32_t)seconds;
}

static uint32_t deadline_of_service(const struct cp_config *config, const char *name)
{
	for (uint32_t i = 0; i < config->services_count; i++)
		if (!strcmp(config->services[i].name, name))
			return config->services[i].lifecycle.drain_deadline_s;
	return 0;
}

enum cp_cmd_status cp_cmd_drain(struct cp_cmd *cmd)
{
	struct cp_backend_state *state;
	int32_t deadline = -1;
	char text[64];

	if (cmd->argc > 2) {
		deadline = cmd->argc == 4 && !strcmp(cmd->argv[2], "--deadline") ? deadline_of(cmd->argv[3]) : -1;
		if (deadline < 0)
			return cp_cmd_usage(cmd, "drain: write --deadline and a number of seconds from 0 to %d behind "
					    "the backend, 0 for none", DEADLINE_MAX);
	}
	state = cp_cmd_select(cmd, cmd->argv[1]);
	if (!state)
		return CP_CMD_FAILED;
	state->draining = true;
	state->drain_ns = cp_view_now_ns();
	state->drain_deadline_s =
		deadline < 0 ? deadline_of_service(cmd->app->config, state->service) : (uint32_t)deadline;
	state->overdue = false;
	if (state->drain_deadline_s)
		snprintf(text, sizeof(text), "draining%s, its flows are reset in %u s",
			 state->disabled ? ", and disabled" : "", state->drain_deadline_s);
	else
		snprintf(text, sizeof(text), "draining%s", state->disabled ? ", and disabled" : "");
	changed(cmd, state, text);
	return answer(cmd, state, text, false);
}

enum cp_cmd_status cp_cmd_enable(struct cp_cmd *cmd)
{
	struct cp_backend_state *state = cp_cmd_select(cmd, cmd->argv[1]);

	if (!state)
		return CP_CMD_FAILED;
	state->draining = state->overdue = false;
	state->disabled = false;
	changed(cmd, state, "enabled");
	return answer(cmd, state, state->healthy ? "enabled" : "enabled, waits for its health check", true);
}

enum cp_cmd_status cp_cmd_disable(struct cp_cmd *cmd)
{
	struct cp_backend_state *state = cp_cmd_select(cmd, cmd->argv[1]);

	if (!state)
		return CP_CMD_FAILED;
	state->disabled = true;
	changed(cmd, state, "disabled");
	return answer(cmd, state, "disabled", false);
}

// 0 to WEIGHT_MAX, or -1 for "default"; -2 for anything else.
static int32_t weight_of(const char *text)
{
	char *end;
	long weight;

	if (strcmp(text, "default") == 0)
		return -1;
	if (*text < '0' || *text > '9')
		return -2;
	weight = strtol(text, &end, 10);
	return *end || weight > WEIGHT_MAX ? -2 : (int32_t)weight;
}

enum cp_cmd_status cp_cmd_weight(struct cp_cmd *cmd)
{
	int32_t weight = weight_of(cmd->argv[2]);
	struct cp_backend_state *state;
	char text[64];

	if (weight == -2)
		return cp_cmd_usage(cmd, "weight \"%.40s\" is not a number from 0 to %d, nor \"default\"",
				    cmd->argv[2], WEIGHT_MAX);
	state = cp_cmd_select(cmd, cmd->argv[1]);
	if (!state)
		return CP_CMD_FAILED;
	state->weight = weight;
	if (weight < 0)
		snprintf(text, sizeof(text), "weight of the file");
	else
		snprintf(text, sizeof(text), "weight %d", (int)weight);
	changed(cmd, state, text);
	return answer(cmd, state, text, weight != 0);
}
