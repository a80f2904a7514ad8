// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// counters, from counters.def.
#include <string.h>

#include "cmd.h"
#include "view.h"

static const struct cp_text_column columns[] = {
	{"KIND", "kind", CP_TEXT_PLAIN},
	{"COUNTER", "counter", CP_TEXT_PLAIN},
	{"VALUE", "value", CP_TEXT_PLAIN},
	{"MEANING", "help", CP_TEXT_PROSE},
};

static const struct {
	const char *name;
	const char *help;
} counters_text[POISE_COUNTERS] = {
#define POISE_COUNTER(NAME, name, kind, help) [POISE_##NAME] = {#name, help},
#include <poise/counters.def>
#undef POISE_COUNTER
};

static json_t *rows_of(const uint64_t *values, bool drops, bool all)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < POISE_COUNTERS; i++) {
		enum poise_verdict_kind kind = poise_verdict_kind((enum poise_verdict)i);

		if ((drops && kind != POISE_KIND_DROP) || (!all && !values[i]))
			continue;
		json_array_append_new(rows, json_pack("{ss ss sI ss}", "counter", counters_text[i].name,
						      "kind", cp_view_kind_name(kind), "value",
						      (json_int_t)values[i], "help", counters_text[i].help));
	}
	return rows;
}

enum cp_cmd_status cp_cmd_counters(struct cp_cmd *cmd)
{
	const char *option = cmd->argc > 1 ? cmd->argv[1] : "";
	bool drops = strcmp(option, "--drops") == 0, all = strcmp(option, "--all") == 0;
	uint64_t values[POISE_COUNTERS];
	json_t *rows;

	if (*option && !drops && !all)
		return cp_cmd_usage(cmd, "counters: unknown option \"%.40s\"; --drops or --all", option);
	if (!cp_view_workers(&cmd->app->dataplane) && !cmd->app->dataplane.xdp)
		return cp_cmd_fail(cmd, "no counters: no dataplane has run yet");
	cp_view_counters(&cmd->app->dataplane, values);
	rows = rows_of(values, drops, all);
	if (!json_array_size(rows))
		evbuffer_add_printf(cmd->out, drops ? "no packet was dropped\n" : "no packet was seen\n");
	cp_text_table(cmd->out, columns, POISE_COUNT(columns), rows);
	return cp_cmd_give(cmd, json_pack("{so}", "counters", rows));
}
