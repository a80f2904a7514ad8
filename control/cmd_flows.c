// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// flows: reads the table that the workers write. A record is copied and believed only if its sequence was
// even and the same before and after.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "cmd_flow_filter.h"
#include "cmd_json.h"
#include "flow_copy.h"
#include "view.h"

// Records looked at in one call: about 20 ms of poised's time. A larger table is shown in part, and said so.
#define VISITS_MAX (2u << 20)

static const struct cp_text_column columns[] = {
	{"CLIENT", "client", CP_TEXT_PLAIN}, {"VIP", "vip", CP_TEXT_PLAIN},
	{"SNAT", "snat", CP_TEXT_PLAIN},     {"BACKEND", "backend", CP_TEXT_PLAIN},
	{"STATE", "state", CP_TEXT_PLAIN},   {"IDLE", "idle_s", CP_TEXT_PLAIN},
};

struct scan {
	const struct cp_flow_filter *filter;
	const struct poise_snapshot *snapshot;
	uint32_t now_ms;
	uint64_t matched;
	uint64_t visited;
	json_t *rows;
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

static void scan_shard(struct scan *scan, const struct poise_table *table, uint32_t shard)
{
	uint32_t top = POISE_LOAD(poise_shard(table, shard)->used_top);

	if (top > table->records_per_shard)
		top = table->records_per_shard;
	for (uint32_t i = 0; i < top && scan->visited < VISITS_MAX; i++) {
		struct poise_flow copy;

		scan->visited++;
		if (!cp_flow_copy(poise_record(table, shard * table->records_per_shard + i + 1), &copy) ||
		    !cp_flow_filter_match(scan->filter, &copy, scan->snapshot))
			continue;
		if (scan->matched++ < scan->filter->limit)
			json_array_append_new(scan->rows, flow_json(&copy, scan->snapshot, scan->now_ms));
	}
}

static void summary(struct cp_cmd *cmd, const struct scan *scan, bool whole)
{
	uint64_t shown = json_array_size(scan->rows);

	if (!scan->matched)
		evbuffer_add_printf(cmd->out, "no flow\n");
	else if (!scan->filter->limit)
		evbuffer_add_printf(cmd->out, "%" PRIu64 " flow%s\n", scan->matched,
				    scan->matched == 1 ? "" : "s");
	else if (scan->matched > shown)
		evbuffer_add_printf(cmd->out, "%" PRIu64 " more; limit=N shows more of them\n",
				    scan->matched - shown);
	if (!whole)
		evbuffer_add_printf(cmd->err, "only the first %u records were looked at\n", VISITS_MAX);
}

enum cp_cmd_status cp_cmd_flows(struct cp_cmd *cmd)
{
	const struct cp_flow_memory *flows = &cmd->app->flows;
	struct cp_flow_filter filter;
	struct scan scan = {.filter = &filter, .snapshot = cmd->app->snapshot};
	char error[160];
	bool whole;

	if (cp_flow_filter_parse(&filter, cmd->argc - 1, cmd->argv + 1, error, sizeof(error)))
		return cp_cmd_usage(cmd, "%s", error);
	if (!flows->base || !flows->table.base)
		return cp_cmd_fail(cmd, "there is no flow table yet");
	scan.now_ms = (uint32_t)(cp_view_now_ns() / 1000000);
	scan.rows = json_array();
	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		scan_shard(&scan, &flows->table, shard);
	whole = scan.visited < VISITS_MAX;
	if (!cmd->json) // ten thousand lines for nobody
		cp_text_table(cmd->out, columns, POISE_COUNT(columns), scan.rows);
	summary(cmd, &scan, whole);
	return cp_cmd_give(cmd, json_pack("{so sI sb}", "flows", scan.rows, "matched",
					  (json_int_t)scan.matched, "complete", (int)whole));
}
