// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// services, backends.
#include <string.h>

#include "cmd.h"
#include "cmd_json.h"
#include "suggest.h"
#include "view.h"

static const struct cp_text_column service_columns[] = {
	{"SERVICE", "service", CP_TEXT_PLAIN},
	{"ADDRESS", "endpoint", CP_TEXT_PLAIN},
	{"NAT", "nat", CP_TEXT_PLAIN, true},
	{"SCHED", "scheduler", CP_TEXT_PLAIN, true},
	{"UP", "backends_up", CP_TEXT_PLAIN},
	{"OF", "backends_total", CP_TEXT_PLAIN},
	{"ACTIVE", "flows_active", CP_TEXT_COUNT},
	{"TOTAL", "flows_total", CP_TEXT_COUNT, true},
	{"IN", "bytes_in", CP_TEXT_BYTES, true},
	{"OUT", "bytes_out", CP_TEXT_BYTES, true},
};

static const struct cp_text_column backend_columns[] = {
	{"SERVICE", "service", CP_TEXT_PLAIN},	 {"BACKEND", "backend", CP_TEXT_PLAIN},
	{"ADDRESS", "endpoint", CP_TEXT_PLAIN},	 {"STATE", "state", CP_TEXT_PLAIN},
	{"WEIGHT", "weight", CP_TEXT_PLAIN, true},	 {"ACTIVE", "flows_active", CP_TEXT_COUNT},
	{"TOTAL", "flows_total", CP_TEXT_COUNT, true}, {"CHECK MS", "check_ms", CP_TEXT_PLAIN, true},
	{"SYN MS", "syn_ms", CP_TEXT_PLAIN, true},
};

// Is `name` (NULL: any) a service that can be shown?
static bool known(struct cp_cmd *cmd, const struct cp_view *view, const char *name)
{
	const char *names[POISE_MAX_VIPS], *nearest;
	uint32_t count = 0;

	for (uint32_t i = 0; i < view->services_count && i < POISE_MAX_VIPS; i++) {
		names[count++] = view->services[i].config->name;
		if (name && strcmp(names[i], name) == 0)
			return true;
	}
	if (!name)
		return true;
	nearest = cp_suggest(name, names, count);
	if (nearest)
		cp_cmd_fail(cmd, "no service \"%.40s\"; did you mean \"%s\"?", name, nearest);
	else
		cp_cmd_fail(cmd, "no service \"%.40s\"; `poisectl services` lists them", name);
	return false;
}

static json_t *service_rows(const struct cp_view *view, const char *name)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < view->services_count; i++) {
		if (!name || strcmp(view->services[i].config->name, name) == 0)
			json_array_append_new(rows, cp_json_service(&view->services[i]));
	}
	return rows;
}

static json_t *backend_rows(const struct cp_view *view, const char *name)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < view->backends_count; i++) {
		if (!name || strcmp(view->backends[i].service, name) == 0)
			json_array_append_new(rows, cp_json_backend(&view->backends[i]));
	}
	return rows;
}

// Below the table: why some are not up.
static void reasons(struct cp_cmd *cmd, const struct cp_view *view, const char *name)
{
	const char *gap = "\n";

	for (uint32_t i = 0; i < view->backends_count; i++) {
		const struct cp_view_backend *row = &view->backends[i];

		if (!*row->reason || (name && strcmp(row->service, name) != 0))
			continue;
		evbuffer_add_printf(cmd->out, "%s%s/%s is %s: %s\n", gap, row->service, row->name,
				    cp_view_state_name(row->state), row->reason);
		gap = "";
	}
}

// And what databases said they are.
static void databases(struct cp_cmd *cmd, const struct cp_view *view, const char *name)
{
	const char *gap = "\n";

	for (uint32_t i = 0; i < view->backends_count; i++) {
		const struct cp_view_backend *row = &view->backends[i];

		if (row->database == CP_NODE_UNKNOWN || (name && strcmp(row->service, name) != 0))
			continue;
		evbuffer_add_printf(cmd->out, "%s%s/%s is %s %s", gap, row->service, row->name,
				    row->database == CP_NODE_PRIMARY ? "the" : "a", cp_node_role_name(row->database));
		if (row->lag_known)
			evbuffer_add_printf(cmd->out, ", %.1f s and %llu bytes behind", (double)row->lag_ms / 1e3,
					    (unsigned long long)row->lag_bytes);
		evbuffer_add_printf(cmd->out, "\n");
		gap = "";
	}
}

// What of the services' packets reached no backend.
static void unserved(struct cp_cmd *cmd, const struct cp_view *view, const char *name)
{
	const char *gap = "\n";

	for (uint32_t i = 0; i < view->services_count; i++) {
		const struct cp_view_service *service = &view->services[i];
		const char *before = ": no backend got ";

		if (name && strcmp(service->config->name, name) != 0)
			continue;
		for (uint32_t which = 0; which < POISE_UNSERVED; which++) {
			uint64_t count = service->traffic.unserved[which];

			if (!count)
				continue;
			evbuffer_add_printf(cmd->out, "%s%s%s%llu %s", gap, *before == ':' ? service->config->name : "",
					    before, (unsigned long long)count, cp_view_unserved_name(which));
			gap = "";
			before = ", ";
		}
		if (*before != ':')
			evbuffer_add_printf(cmd->out, "\n");
	}
}

static void alarms(struct cp_cmd *cmd, const struct cp_view *view, const char *name)
{
	for (uint32_t i = 0; i < view->services_count; i++) {
		const struct cp_view_service *service = &view->services[i];

		if (service->two_primaries && (!name || !strcmp(service->config->name, name)))
			evbuffer_add_printf(cmd->out, "\n%s: several backends claim to be the primary%s\n",
					    service->config->name,
					    service->config->lifecycle.role_required == CP_NODE_PRIMARY ?
						    "; it takes no new flows" : "");
	}
}

static enum cp_cmd_status show(struct cp_cmd *cmd, const char *key, const struct cp_text_column *columns,
			       size_t columns_count,
			       json_t *(*make)(const struct cp_view *view, const char *name))
{
	const char *name = cmd->argc > 1 ? cmd->argv[1] : NULL;
	struct cp_view view;
	json_t *rows = NULL;
	enum cp_cmd_status status = CP_CMD_FAILED;

	if (cp_view_make(cmd->app, &view)) {
		cp_cmd_fail(cmd, "out of memory");
	} else if (known(cmd, &view, name)) {
		rows = make(&view, name);
		cp_text_table(cmd->out, columns, columns_count, rows);
		if (make == backend_rows) {
			reasons(cmd, &view, name);
			databases(cmd, &view, name);
		} else {
			unserved(cmd, &view, name);
			alarms(cmd, &view, name);
		}
		status = cp_cmd_give(cmd, json_pack("{so}", key, rows));
	}
	cp_view_fini(&view);
	return status;
}

enum cp_cmd_status cp_cmd_services(struct cp_cmd *cmd)
{
	return show(cmd, "services", service_columns, POISE_COUNT(service_columns), service_rows);
}

enum cp_cmd_status cp_cmd_backends(struct cp_cmd *cmd)
{
	return show(cmd, "backends", backend_columns, POISE_COUNT(backend_columns), backend_rows);
}
