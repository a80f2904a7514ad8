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

// The same for a document that is written already.
static void write_raw(struct evbuffer *answer, enum cp_cmd_status status, const struct cp_cmd *cmd)
{
	json_t *err = text_of(cmd->err);
	char *text = err ? json_dumps(err, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	evbuffer_add_printf(answer, "{\"status\":%d,\"stdout\":", (int)status);
	evbuffer_add_buffer(answer, cmd->raw);
	evbuffer_add_printf(answer, ",\"stderr\":%s}\n", text ? text : "\"\"");
	free(text);
	json_decref(err);
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
	json_int_t columns;

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
	columns = json_integer_value(json_object_get(request, "columns"));
	cmd->columns = columns > 0 && columns < 10000 ? (unsigned)columns : 0;
	cmd->colors = json_is_true(json_object_get(request, "colors"));
	cmd->cwd = json_string_value(json_object_get(request, "cwd"));
	return NULL;
}

struct cp_api_request {
	struct cp_cmd cmd;
	json_t *request; // the arguments are in it
	const char *argv[CP_API_ARGUMENTS + 1];
};

void cp_api_forget(struct cp_api_request *request)
{
	struct cp_cmd *cmd = &request->cmd;

	if (cmd->work)
		cmd->forget(cmd->work);
	json_decref(cmd->document);
	json_decref(cmd->again);
	if (cmd->raw)
		evbuffer_free(cmd->raw);
	if (cmd->file)
		evbuffer_free(cmd->file);
	if (cmd->out)
		evbuffer_free(cmd->out);
	if (cmd->err)
		evbuffer_free(cmd->err);
	json_decref(request->request);
	free(request);
}

// True when it was the last step.
static bool finish(struct cp_api_request *request, enum cp_cmd_status status, struct evbuffer *answer)
{
	struct cp_cmd *cmd = &request->cmd;

	if (cmd->next)
		return false;
	cp_text_terminal(cmd->columns, cmd->colors);
	if (!cmd->json)
		cp_text_fit(cmd->out);
	if (cmd->raw)
		write_raw(answer, status, cmd);
	else
		write_answer(answer, status,
			     cmd->json ? json_incref(cmd->document ? cmd->document : json_null()) : text_of(cmd->out),
			     text_of(cmd->err), cmd);
	cp_api_forget(request);
	return true;
}

bool cp_api_continue(struct cp_api_request *request, struct evbuffer *answer)
{
	enum cp_cmd_status (*next)(struct cp_cmd *cmd) = request->cmd.next;

	cp_text_terminal(request->cmd.columns, request->cmd.colors);
	request->cmd.next = NULL;
	return finish(request, next(&request->cmd), answer);
}

static bool prepare(struct cp_cmd *cmd)
{
	cmd->out = evbuffer_new();
	cmd->err = evbuffer_new();
	cmd->file = evbuffer_new();
	return cmd->out && cmd->err && cmd->file;
}

struct cp_api_request *cp_api_begin(struct cp_app *app, const struct cp_load *load, const char *text, size_t length,
				    struct evbuffer *answer, bool *changed)
{
	struct cp_api_request *request = calloc(1, sizeof(*request));
	const char *wrong = NULL;
	enum cp_cmd_status status;

	*changed = false;
	if (!request || !prepare(&request->cmd)) {
		cp_api_refuse(answer, CP_CMD_FAILED, "out of memory");
		if (request)
			cp_api_forget(request);
		return NULL;
	}
	request->cmd.app = app;
	request->cmd.load = load;
	request->cmd.argv = request->argv;
	request->request = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	wrong = request->request ? unpack(request->request, &request->cmd) : "request is not JSON";
	if (wrong) {
		cp_api_refuse(answer, CP_CMD_USAGE, wrong);
		cp_api_forget(request);
		return NULL;
	}
	status = cp_cmd_run(&request->cmd);
	*changed = request->cmd.changed;
	return finish(request, status, answer) ? NULL : request;
}

void cp_api_run(struct cp_app *app, const struct cp_load *load, const char *text, size_t length,
		struct evbuffer *answer, bool *changed)
{
	struct cp_api_request *request = cp_api_begin(app, load, text, length, answer, changed);

	while (request && !cp_api_continue(request, answer))
		;
}
