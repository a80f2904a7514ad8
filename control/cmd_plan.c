// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// plan: what would change, and what it does to live connections.
#include <inttypes.h>
#include <stdlib.h>

#include "cmd_file.h"
#include "cmd_json.h"
#include "diff.h"
#include "interfaces.h"
#include "lockout.h"
#include "plan.h"
#include "shrink.h"

static json_t *changes_json(struct cp_cmd *cmd, const struct cp_diff *diff)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < diff->count; i++) {
		evbuffer_add_printf(cmd->out, "  %s%s\n", diff->items[i].text,
				    diff->items[i].restart ? " (needs a restart of poised)" : "");
		json_array_append_new(rows, json_pack("{so sb}", "text", cp_json_text(diff->items[i].text), "restart",
						      (int)diff->items[i].restart));
	}
	return rows;
}

// Backends whose flows are touched; those that are not would only hide them.
static json_t *touched_json(struct cp_cmd *cmd, const struct cp_config *config, const struct cp_view *view)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < view->backends_count; i++) {
		const struct cp_view_backend *row = &view->backends[i];
		enum cp_fate fate = cp_plan_fate(cmd->app->config, config, row);

		if (fate == CP_FATE_UNTOUCHED)
			continue;
		evbuffer_add_printf(cmd->out, "  %s/%s: %" PRIu64 " flow%s %s\n", row->service, row->name,
				    row->traffic.flows_active, row->traffic.flows_active == 1 ? "" : "s",
				    cp_fate_name(fate));
		json_array_append_new(rows, json_pack("{ss ss sI ss}", "service", row->service, "backend", row->name,
						      "flows", (json_int_t)row->traffic.flows_active, "fate",
						      cp_fate_name(fate)));
	}
	return rows;
}

static json_t *flows_json(struct cp_cmd *cmd, const struct cp_plan *plan)
{
	json_t *object = json_object();

	evbuffer_add_printf(cmd->out, "flows:");
	for (unsigned i = 0; i < CP_FATES; i++) {
		evbuffer_add_printf(cmd->out, "%s %" PRIu64 " %s", i ? "," : "", plan->flows[i], cp_fate_name(i));
		json_object_set_new(object, cp_fate_name(i), json_integer((json_int_t)plan->flows[i]));
	}
	evbuffer_add(cmd->out, "\n", 1);
	return object;
}

static json_t *plan_json(struct cp_cmd *cmd, const struct cp_config *config, const struct cp_view *view)
{
	struct cp_diff diff;
	struct cp_plan plan;
	char shrinks[96] = "", *summary;
	json_t *object, *changes, *touched;
	bool force = cp_shrinks(cmd->app->config, config, shrinks, sizeof(shrinks)) ||
		     cp_locks_out(cmd->app->config, config, shrinks, sizeof(shrinks));

	cp_diff(cmd->app->config, config, &diff);
	cp_plan(cmd->app->config, config, view, &plan);
	summary = cp_diff_summary(&diff);
	evbuffer_add_printf(cmd->out, "%s\n", summary ? summary : "out of memory");
	changes = changes_json(cmd, &diff);
	touched = touched_json(cmd, config, view);
	if (force)
		evbuffer_add_printf(cmd->out, "%s: needs --force\n", shrinks);
	object = json_pack("{so sb sb so so so}", "summary", cp_json_text(summary ? summary : ""), "restart",
			   (int)diff.restart, "force", (int)force, "changes", changes, "backends", touched, "flows",
			   flows_json(cmd, &plan));
	free(summary);
	cp_diff_fini(&diff);
	return object;
}

enum cp_cmd_status cp_cmd_plan(struct cp_cmd *cmd)
{
	struct cp_report report = {0};
	struct cp_config *config;
	struct cp_view view;
	char path[CP_CMD_PATH];
	enum cp_cmd_status status = CP_CMD_FAILED;

	if (cp_cmd_file(cmd, cmd->argv[1], path))
		return CP_CMD_FAILED;
	config = cp_config_load(path, &report);
	if (!config || cp_interfaces_check(config, &report)) {
		cp_cmd_report_text(cmd, &report);
	} else {
		if (cp_view_make(cmd->app, &view))
			cp_cmd_fail(cmd, "out of memory");
		else
			status = cp_cmd_give(cmd, plan_json(cmd, config, &view));
		cp_view_fini(&view);
	}
	cp_config_free(config);
	cp_report_fini(&report);
	return status;
}
