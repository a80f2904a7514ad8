// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_parts.h"
#include "config_text.h"

// The text of a line, without the blanks before it, cut for a message.
static void excerpt(const char *text, int line, char *out, size_t size)
{
	size_t length;

	for (; line > 1 && text; line--) {
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	if (!text)
		text = "";
	text += strspn(text, " \t\r");
	length = strcspn(text, "\r\n");
	snprintf(out, size, "%.*s%s", (int)(length < 40 ? length : 40), text, length > 40 ? "..." : "");
}

static void report_syntax(const config_t *tree, const char *text, const char *file, struct cp_report *report)
{
	const char *what = config_error_text(tree);
	int line = config_error_line(tree);
	char near[64];

	excerpt(text, line, near, sizeof(near));
	if (!near[0])
		cp_report_add(report, file, line, "%s here, the text before it is not complete",
			      what ? what : "not readable");
	else if (what && !strcmp(what, "syntax error"))
		cp_report_add(report, file, line, "syntax error at or before \"%s\", look for a missing "
			      "semicolon, comma, quote or bracket", near);
	else
		cp_report_add(report, file, line, "%s: \"%s\", correct this line", what ? what : "not readable",
			      near);
}

static void parse(config_setting_t *tree, struct cp_config *config, struct cp_report *report)
{
	struct cp_read root = { .report = report, .file = config->file, .group = tree };

	cp_parse_dataplane(&root, config);
	cp_parse_ports(&root, config);
	cp_parse_services(&root, config);
	cp_parse_neighbors(&root, config);
	cp_parse_firewall(&root, config);
	cp_parse_fallback(&root, config);
	cp_parse_metrics(&root, config);
	cp_parse_control(&root, config);
	cp_parse_ha(&root, config);
	cp_read_end(&root);
}

struct cp_config *cp_config_load(const char *file, struct cp_report *report)
{
	struct cp_report found = {0};
	struct cp_config *config = calloc(1, sizeof(*config));
	char *text = NULL;
	config_t tree;

	config_init(&tree);
	if (config)
		config->file = strdup(file);
	if (!config || !config->file)
		cp_report_add(&found, file, 0, "out of memory");
	else
		text = cp_text_load(file, &found);
	if (text && config_read_string(&tree, text)) {
		parse(config_root_setting(&tree), config, &found);
		cp_config_validate(config, &found);
		cp_report_sort(&found, file);
	} else if (text) {
		report_syntax(&tree, text, file, &found);
	}
	config_destroy(&tree);
	if (config)
		config->text = text;
	else
		free(text);
	if (!found.count)
		return config;
	cp_report_move(report, &found);
	cp_config_free(config);
	return NULL;
}
