// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "cmd_json.h"

static json_t *text_of(struct evbuffer *buffer)
{
	json_t *value;

	evbuffer_add(buffer, "", 1);
	value = cp_json_text((const char *)evbuffer_pullup(buffer, -1));
	if (!json_is_null(value))
		return value;
	json_decref(value);
	return json_string("");
}

static json_t *hex_of(struct evbuffer *buffer)
{
	static const char digits[] = "0123456789abcdef";
	size_t length = evbuffer_get_length(buffer);
	const uint8_t *bytes = evbuffer_pullup(buffer, -1);
	char *text = malloc(2 * length + 1);
	json_t *value;

	if (!text)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	value = json_stringn(text, 2 * length);
	free(text);
	return value;
}

// What goes beyond an answer at once.
static void add_more(json_t *object, const struct cp_cmd *cmd)
{
	if (cmd->lines)
		json_object_set_new(object, "lines", json_true());
	if (cmd->again)
		json_object_set_new(object, "again",
				    json_pack("{sO si}", "argv", cmd->again, "ms", (int)cmd->again_ms));
	if (cmd->screen)
		json_object_set_new(object, "screen", json_string(cmd->screen));
	if (cmd->file_name)
		json_object_set_new(object, "file", json_pack("{ss sb so}", "name", cmd->file_name, "start",
							      (int)cmd->file_start, "hex", hex_of(cmd->file)));
}

// Takes over `out` and `err`. `cmd` may be NULL.
static void write_answer(struct evbuffer *answer, enum cp_cmd_status status, json_t *out, json_t *err,
			 const struct cp_cmd *cmd)
{
	json_t *object = json_pack("{si so so}", "status", (int)status, "stdout", out, "stderr", err);
	char *text;

	if (object && cmd)
		add_more(object, cmd);
	text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;

	if (text)
		evbuffer_add_printf(answer, "%s\n", text);
	else
		evbuffer_add_printf(answer,
				    "{\"status\":1,\"stdout\":\"\",\"stderr\":\"out of memory\\n\"}\n");
	free(text);
	json_decref(object);
}

void cp_api_refuse(struct evbuffer *answer, enum cp_cmd_status status, const char *reason)
{
	write_answer(answer, status, json_string(""), json_sprintf("%s\n", reason), NULL);
}

// The arguments point into `request`. Returns NULL, or what is wrong.
static const char *unpack(const json_t *request, struct cp_cmd *cmd)
{
	const json_t *argv = json_object_get(request, "argv");
	size_t count = json_array_size(argv);

	if (!json_is_object(request))
		return "request is not a JSON object";
	if (!count)
		return "request has no \"argv\"";
	if (count > CP_API_ARGUMENTS)
		return "too many arguments";
	for (size_t i = 0; i < count; i++) {
		cmd->argv[i] = json_string_value(json_array_get(argv, i));
		if (!cmd->argv[i])
			return "an argument is not a string";
	}
	cmd->argc = (int)count;
	cmd->json = json_is_true(json_object_get(request, "json"));
	cmd->cwd = json_string_value(json_object_get(request, "cwd"));
	return NULL;
}

static void run(struct cp_cmd *cmd, struct evbuffer *answer)
{
	enum cp_cmd_status status;

	cmd->out = evbuffer_new();
	cmd->err = evbuffer_new();
	cmd->file = evbuffer_new();
	if (cmd->out && cmd->err && cmd->file) {
		status = cp_cmd_run(cmd);
		write_answer(answer, status,
			     cmd->json ? json_incref(cmd->document ? cmd->document : json_null())
				       : text_of(cmd->out),
			     text_of(cmd->err), cmd);
	} else {
		cp_api_refuse(answer, CP_CMD_FAILED, "out of memory");
	}
	json_decref(cmd->document);
	json_decref(cmd->again);
	if (cmd->file)
		evbuffer_free(cmd->file);
	if (cmd->out)
		evbuffer_free(cmd->out);
	if (cmd->err)
		evbuffer_free(cmd->err);
}

void cp_api_run(struct cp_app *app, const struct cp_load *load, const char *text, size_t length,
		struct evbuffer *answer, bool *changed)
{
	const char *argv[CP_API_ARGUMENTS + 1] = {NULL};
	struct cp_cmd cmd = {.app = app, .load = load, .argv = argv};
	json_t *request = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	const char *wrong = request ? unpack(request, &cmd) : "request is not JSON";

	if (wrong)
		cp_api_refuse(answer, CP_CMD_USAGE, wrong);
	else
		run(&cmd, answer);
	*changed = cmd.changed;
	json_decref(request);
}
