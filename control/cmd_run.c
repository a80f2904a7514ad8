// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdarg.h>
#include <string.h>

#include "cmd.h"
#include "suggest.h"

static const struct cp_cmd_entry table[] = {
#define CP_COMMAND(verb, syntax, least, most, help, details) \
	{#verb, syntax, least, most, help, details, cp_cmd_##verb},
#include "cmds.def"
#undef CP_COMMAND
	{NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const struct cp_cmd_entry *cp_cmd_table(void)
{
	return table;
}

static void complain(struct cp_cmd *cmd, const char *format, va_list arguments)
{
	evbuffer_add_vprintf(cmd->err, format, arguments);
	evbuffer_add(cmd->err, "\n", 1);
}

enum cp_cmd_status cp_cmd_fail(struct cp_cmd *cmd, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(cmd, format, arguments);
	va_end(arguments);
	return CP_CMD_FAILED;
}

enum cp_cmd_status cp_cmd_usage(struct cp_cmd *cmd, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(cmd, format, arguments);
	va_end(arguments);
	return CP_CMD_USAGE;
}

enum cp_cmd_status cp_cmd_give(struct cp_cmd *cmd, json_t *document)
{
	if (!document)
		return cp_cmd_fail(cmd, "out of memory");
	cmd->document = document;
	return CP_CMD_DONE;
}

static const struct cp_cmd_entry *find(struct cp_cmd *cmd)
{
	static const char *const verbs[] = {
#define CP_COMMAND(verb, syntax, least, most, help, details) #verb,
#include "cmds.def"
#undef CP_COMMAND
	};
	const char *verb = cmd->argc ? cmd->argv[0] : "";
	const char *nearest;

	for (const struct cp_cmd_entry *entry = table; entry->verb; entry++) {
		if (strcmp(entry->verb, verb) == 0)
			return entry;
	}
	nearest = cp_suggest(verb, verbs, POISE_COUNT(verbs));
	if (!*verb)
		cp_cmd_usage(cmd, "a verb is missing; `poisectl help` lists them");
	else if (nearest)
		cp_cmd_usage(cmd, "no verb \"%.40s\"; did you mean \"%s\"?", verb, nearest);
	else
		cp_cmd_usage(cmd, "no verb \"%.40s\"; `poisectl help` lists them", verb);
	return NULL;
}

// "-j" is poisectl's option, but is easily written behind the verb.
static void take_json_option(struct cp_cmd *cmd)
{
	int kept = 0;

	for (int i = 0; i < cmd->argc; i++) {
		if (strcmp(cmd->argv[i], "-j") == 0)
			cmd->json = true;
		else
			cmd->argv[kept++] = cmd->argv[i];
	}
	cmd->argc = kept;
}

enum cp_cmd_status cp_cmd_run(struct cp_cmd *cmd)
{
	const struct cp_cmd_entry *entry;

	take_json_option(cmd);
	cp_text_terminal(cmd->columns, cmd->colors);
	entry = find(cmd);
	if (!entry)
		return CP_CMD_USAGE;
	if (cmd->argc - 1 < entry->least || cmd->argc - 1 > entry->most)
		return cp_cmd_usage(cmd, "usage: poisectl %s%s%s", entry->verb, *entry->syntax ? " " : "",
				    entry->syntax);
	return entry->run(cmd);
}
