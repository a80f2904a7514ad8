// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// help, version.
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "cmd_json.h"

static const struct cp_text_column columns[] = {
	{"VERB", "syntax", CP_TEXT_PLAIN},
	{"WHAT IT DOES", "help", CP_TEXT_PROSE},
};

static void syntax_of(const struct cp_cmd_entry *entry, char *text, size_t size)
{
	snprintf(text, size, "%s%s%s", entry->verb, *entry->syntax ? " " : "", entry->syntax);
}

static enum cp_cmd_status help_one(struct cp_cmd *cmd, const struct cp_cmd_entry *entry)
{
	char syntax[64];

	syntax_of(entry, syntax, sizeof(syntax));
	evbuffer_add_printf(cmd->out, "poisectl %s\n\n%s\n", syntax, entry->help);
	if (*entry->details) {
		evbuffer_add(cmd->out, "\n", 1);
		cp_text_wrap(cmd->out, entry->details, 0);
	}
	return cp_cmd_give(cmd, json_pack("{ss ss ss ss}", "verb", entry->verb, "syntax", syntax, "help",
					  entry->help, "details", entry->details));
}

enum cp_cmd_status cp_cmd_help(struct cp_cmd *cmd)
{
	char syntax[64];
	json_t *rows;

	for (const struct cp_cmd_entry *entry = cp_cmd_table(); cmd->argc > 1 && entry->verb; entry++) {
		if (strcmp(entry->verb, cmd->argv[1]) == 0)
			return help_one(cmd, entry);
	}
	if (cmd->argc > 1)
		return cp_cmd_usage(cmd, "no verb \"%.40s\"; `poisectl help` lists them", cmd->argv[1]);
	rows = json_array();
	evbuffer_add_printf(cmd->out, "usage: poisectl [-j] [-s SOCKET] VERB [ARGUMENTS]\n\n");
	for (const struct cp_cmd_entry *entry = cp_cmd_table(); entry->verb; entry++) {
		syntax_of(entry, syntax, sizeof(syntax));
		json_array_append_new(rows, json_pack("{ss ss ss}", "verb", entry->verb, "syntax", syntax,
						      "help", entry->help));
	}
	cp_text_table(cmd->out, columns, POISE_COUNT(columns), rows);
	evbuffer_add_printf(cmd->out,
			    "\n-j answers in JSON. Exit status: 0 done, 1 refused or failed, 2 usage.\n");
	return cp_cmd_give(cmd, json_pack("{so}", "verbs", rows));
}

enum cp_cmd_status cp_cmd_version(struct cp_cmd *cmd)
{
	const char *dataplane = cmd->app->dataplane.version;

	evbuffer_add_printf(cmd->out, "poised %s (layout %u)\n", POISE_VERSION, POISE_ABI_VERSION);
	if (*dataplane)
		evbuffer_add_printf(cmd->out, "poise-dataplane %s\n", dataplane);
	return cp_cmd_give(cmd, json_pack("{ss si so}", "poised", POISE_VERSION, "abi",
					  (int)POISE_ABI_VERSION, "dataplane", cp_json_text(dataplane)));
}
