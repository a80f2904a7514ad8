// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// flows: reads the table that the workers write. A record is copied and believed only if its sequence was even and the
// same before and after. A large table is read by steps, so that nobody waits for it.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_flow_filter.h"
#include "cmd_json.h"
#include "flow_copy.h"
#include "view.h"

#define STEP 65536u   // records looked at in a step: two or three milliseconds, if names are compared
#define STEP_ROW 256u // and a flow that is shown takes as long as so many of them

static const struct cp_text_column columns[] = {
	{"CLIENT", "client", CP_TEXT_PLAIN}, {"VIP", "vip", CP_TEXT_PLAIN, true},
	{"SNAT", "snat", CP_TEXT_PLAIN},     {"BACKEND", "backend", CP_TEXT_PLAIN},
	{"STATE", "state", CP_TEXT_PLAIN},   {"IDLE", "idle_s", CP_TEXT_PLAIN},
};

struct scan {
	struct cp_flow_filter filter;
	uint32_t shard; // where it goes on
	uint32_t record;
	uint64_t matched;
	uint64_t shown;
	struct evbuffer *json; // the rows, written one by one, so that nothing is left for the end
	json_t *rows;	       // for text
};

static json_t *flow_json(const struct poise_flow *flow, const struct poise_snapshot *snapshot,
			 uint32_t now_ms)
{
	char client[CP_ENDPOINT_SIZE], vip[CP_ENDPOINT_SIZE], snat[CP_ENDPOINT_SIZE],
		backend[CP_ENDPOINT_SIZE];
	char service_name[POISE_NAME_SIZE], backend_name[POISE_NAME_SIZE];
	int32_t idle_ms = (int32_t)(now_ms - flow->last_seen_ms);
	bool full = flow->flags & POISE_FLOW_FULL_NAT;

	snprintf(service_name, sizeof(service_name), "%.31s", cp_flow_service_name(flow, snapshot));
	snprintf(backend_name, sizeof(backend_name), "%.31s", cp_flow_backend_name(flow, snapshot));
	return json_pack("{so so ss ss so ss ss si}", "service", cp_json_text(service_name), "backend",
			 cp_json_text(backend_name), "client",
			 cp_endpoint(flow->client, POISE_HOST16(flow->client_port), client), "vip",
			 cp_endpoint(flow->vip, POISE_HOST16(flow->vip_port), vip), "snat",
			 full ? json_string(cp_endpoint(flow->snat, POISE_HOST16(flow->snat_port), snat))
			      : json_null(),
			 "backend_endpoint",
			 cp_endpoint(flow->backend, POISE_HOST16(flow->backend_port), backend), "state",
			 cp_flow_state_name(flow->state), "idle_s", idle_ms > 0 ? idle_ms / 1000 : 0);
}

static void show(struct scan *scan, json_t *row)
{
	char *text = scan->json && row ? json_dumps(row, JSON_COMPACT) : NULL;

	if (text)
		evbuffer_add_printf(scan->json, "%s%s", scan->shown ? "," : "", text);
	else if (row && scan->rows)
		json_array_append(scan->rows, row);
	scan->shown++;
	free(text);
	json_decref(row);
}

// Returns how many records it was worth.
static uint32_t look(struct scan *scan, const struct poise_flow *record, const struct poise_snapshot *snapshot,
		     uint32_t now_ms)
{
	struct poise_flow copy;

	if (!cp_flow_copy(record, &copy) || !cp_flow_filter_match(&scan->filter, &copy, snapshot) ||
	    scan->matched++ >= scan->filter.limit)
		return 1;
	show(scan, flow_json(&copy, snapshot, now_ms));
	return STEP_ROW;
}

// True when the whole table has been looked at.
static bool step(struct scan *scan, const struct cp_app *app)
{
	const struct poise_table *table = &app->flows.table;
	uint32_t now_ms = (uint32_t)(cp_view_now_ns() / 1000000), left = STEP;

	for (; scan->shard < POISE_SHARDS; scan->shard++, scan->record = 0) {
		uint32_t top = POISE_LOAD(poise_shard(table, scan->shard)->used_top);

		if (top > table->records_per_shard)
			top = table->records_per_shard;
		for (; scan->record < top; scan->record++) {
			uint32_t index = scan->shard * table->records_per_shard + scan->record + 1, cost;

			if (!left)
				return false;
			cost = look(scan, poise_record(table, index), app->snapshot, now_ms);
			left -= cost < left ? cost : left;
		}
	}
	return true;
}

static void summary(struct cp_cmd *cmd, const struct scan *scan)
{
	if (!scan->matched)
		evbuffer_add_printf(cmd->out, "no flow\n");
	else if (!scan->filter.limit)
		evbuffer_add_printf(cmd->out, "%" PRIu64 " flow%s\n", scan->matched,
				    scan->matched == 1 ? "" : "s");
	else if (scan->matched > scan->shown)
		evbuffer_add_printf(cmd->out, "%" PRIu64 " more; limit=N shows more of them\n",
				    scan->matched - scan->shown);
}

static void forget(void *work)
{
	struct scan *scan = work;

	json_decref(scan->rows);
	if (scan->json)
		evbuffer_free(scan->json);
	free(scan);
}

static enum cp_cmd_status finish(struct cp_cmd *cmd, struct scan *scan)
{
	if (!cmd->json) {
		cp_text_table(cmd->out, columns, POISE_COUNT(columns), scan->rows);
		summary(cmd, scan);
		return CP_CMD_DONE;
	}
	evbuffer_add_printf(scan->json, "],\"matched\":%" PRIu64 "}", scan->matched);
	cmd->raw = scan->json;
	scan->json = NULL;
	return CP_CMD_DONE;
}

static enum cp_cmd_status go_on(struct cp_cmd *cmd)
{
	struct scan *scan = cmd->work;

	if (!scan->json && cmd->json) {
		scan->json = evbuffer_new();
		if (scan->json)
			evbuffer_add_printf(scan->json, "{\"flows\":[");
	}
	if (!scan->rows && !cmd->json)
		scan->rows = json_array();
	if (!scan->json && !scan->rows)
		return cp_cmd_fail(cmd, "out of memory");
	if (step(scan, cmd->app))
		return finish(cmd, scan);
	cmd->next = go_on;
	return CP_CMD_DONE;
}

// Few records are looked at at once. Of many nothing is held before it is our turn.
static bool few(const struct poise_table *table)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < POISE_SHARDS; i++)
		sum += POISE_LOAD(poise_shard(table, i)->used_top);
	return sum < STEP;
}

enum cp_cmd_status cp_cmd_flows(struct cp_cmd *cmd)
{
	const struct cp_flow_memory *flows = &cmd->app->flows;
	struct scan *scan = calloc(1, sizeof(*scan));
	char error[160];

	if (!scan)
		return cp_cmd_fail(cmd, "out of memory");
	cmd->work = scan;
	cmd->forget = forget;
	if (cp_flow_filter_parse(&scan->filter, cmd->argc - 1, cmd->argv + 1, error, sizeof(error)))
		return cp_cmd_usage(cmd, "%s", error);
	if (!flows->base || !flows->table.base)
		return cp_cmd_fail(cmd, "there is no flow table yet");
	if (few(&flows->table))
		return go_on(cmd);
	cmd->next = go_on;
	return CP_CMD_DONE;
}
