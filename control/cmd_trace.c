// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// trace and capture. poised keeps nothing for a watcher but a name and a time: an answer says with which arguments to
// ask again, so a client that goes away costs nothing and one that does not read holds nothing up.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_flow_filter.h"
#include "trace_text.h"
#include "view.h"
#include "xdp.h"

#define KEEP_NS 2000000000ull // a watcher who has not asked again for so long is gone
#define PAUSE_MS 100
#define PAUSE_SHORT_MS 5 // when packets come
#define ROUND 64u	 // packets an answer
#define COUNT_MOST 100000u

struct watch {
	const char *filter[CP_API_ARGUMENTS]; // the caller's own words
	int filters;
	bool drops;
	const char *file;
	uint64_t left; // packets still wanted; 0 only when not limited
	bool limited;
	uint64_t token; // 0: this is the first question
	uint64_t from;
	uint64_t missed;
};

static bool number_of(const char *text, uint64_t *value)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*value = strtoull(text, &end, 10);
	return !*end;
}

// An option with a value. Returns false when it is none of them or the value is wrong.
static bool take_option(struct watch *watch, const char *option, const char *value)
{
	if (strcmp(option, "-w") == 0) {
		watch->file = value;
		return value && *value;
	}
	if (strcmp(option, "-c") == 0) {
		watch->limited = true;
		return number_of(value, &watch->left) && watch->left && watch->left <= COUNT_MOST;
	}
	if (strcmp(option, "--token") == 0)
		return number_of(value, &watch->token);
	if (strcmp(option, "--from") == 0)
		return number_of(value, &watch->from);
	return strcmp(option, "--missed") == 0 && number_of(value, &watch->missed);
}

static enum cp_cmd_status parse(struct cp_cmd *cmd, struct watch *watch)
{
	for (int i = 1; i < cmd->argc; i++) {
		const char *word = cmd->argv[i];

		if (strcmp(word, "--drops") == 0) {
			watch->drops = true;
		} else if (*word != '-') {
			if (watch->filters < CP_API_ARGUMENTS)
				watch->filter[watch->filters++] = word;
		} else {
			if (!take_option(watch, word, i + 1 < cmd->argc ? cmd->argv[i + 1] : NULL))
				return cp_cmd_usage(cmd, "%s: \"%.40s\" cannot be understood; see `poisectl help %s`",
						    cmd->argv[0], word, cmd->argv[0]);
			i++;
		}
	}
	return CP_CMD_DONE;
}

// Index of a name, POISE_NONE16 when there is none. `vip` limits backends to those of one service.
static uint16_t vip_named(const struct poise_snapshot *snapshot, const char *name)
{
	for (uint16_t i = 0; i < snapshot->vips_count; i++)
		if (strncmp(snapshot->vip_names[i], name, POISE_NAME_SIZE) == 0)
			return i;
	return POISE_NONE16;
}

static uint16_t backend_named(const struct poise_snapshot *snapshot, const char *name, uint16_t vip, uint32_t *count)
{
	uint16_t found = POISE_NONE16;

	*count = 0;
	for (uint16_t i = 0; i < snapshot->backends_count; i++) {
		if (strncmp(snapshot->backend_names[i], name, POISE_NAME_SIZE) != 0 ||
		    (vip != POISE_NONE16 && snapshot->backends[i].vip != vip))
			continue;
		found = i;
		++*count;
	}
	return found;
}

// The caller's words as the control line.
static enum cp_cmd_status compile(struct cp_cmd *cmd, const struct watch *watch, struct poise_trace_control *control)
{
	const struct poise_snapshot *snapshot = cmd->app->snapshot;
	struct cp_flow_filter filter;
	char error[160];
	uint32_t count;

	if (cp_flow_filter_parse(&filter, watch->filters, watch->filter, error, sizeof(error)))
		return cp_cmd_usage(cmd, "%s", error);
	if (filter.state != CP_STATE_ANY || filter.limit != CP_FLOWS_DEFAULT)
		return cp_cmd_usage(cmd, "%s takes client=, service=, backend=, --drops and -c N", cmd->argv[0]);
	*control = (struct poise_trace_control){
		.until_ns = cp_view_now_ns() + KEEP_NS,
		.address = filter.client,
		.mask = filter.client_mask,
		.port = filter.client_port,
		.vip_index = POISE_NONE16,
		.backend_index = POISE_NONE16,
		.drops = watch->drops,
	};
	if (filter.service) {
		control->vip_index = vip_named(snapshot, filter.service);
		if (control->vip_index == POISE_NONE16)
			return cp_cmd_fail(cmd, "no service \"%.40s\"; `poisectl services` lists them", filter.service);
	}
	if (!filter.backend)
		return CP_CMD_DONE;
	control->backend_index = backend_named(snapshot, filter.backend, control->vip_index, &count);
	if (!count)
		return cp_cmd_fail(cmd, "no backend \"%.40s\"; `poisectl backends` lists them", filter.backend);
	if (count > 1)
		return cp_cmd_fail(cmd, "\"%.40s\" is in %u services; say backend=SERVICE/%.40s", filter.backend, count,
				   filter.backend);
	return CP_CMD_DONE;
}

// One watcher at a time: there is one control line.
static enum cp_cmd_status admit(struct cp_cmd *cmd, struct watch *watch)
{
	struct cp_app *app = cmd->app;
	uint64_t now_ns = cp_view_now_ns();

	if (app->trace_token && app->trace_until_ns > now_ns && app->trace_token != watch->token)
		return cp_cmd_fail(cmd, "somebody else watches; one at a time");
	if (!watch->token) {
		watch->token = now_ns | 1;
		watch->from = cp_trace_now(&app->flows);
	}
	app->trace_token = watch->token;
	app->trace_until_ns = now_ns + KEEP_NS;
	return CP_CMD_DONE;
}

static json_t *again(struct cp_cmd *cmd, const struct watch *watch)
{
	json_t *words = json_array();

	json_array_append_new(words, json_string(cmd->argv[0]));
	for (int i = 0; i < watch->filters; i++)
		json_array_append_new(words, json_string(watch->filter[i]));
	if (watch->drops)
		json_array_append_new(words, json_string("--drops"));
	if (watch->file) {
		json_array_append_new(words, json_string("-w"));
		json_array_append_new(words, json_string(watch->file));
	}
	if (watch->limited) {
		json_array_append_new(words, json_string("-c"));
		json_array_append_new(words, json_sprintf("%" PRIu64, watch->left));
	}
	json_array_append_new(words, json_string("--token"));
	json_array_append_new(words, json_sprintf("%" PRIu64, watch->token));
	json_array_append_new(words, json_string("--from"));
	json_array_append_new(words, json_sprintf("%" PRIu64, watch->from));
	json_array_append_new(words, json_string("--missed"));
	json_array_append_new(words, json_sprintf("%" PRIu64, watch->missed));
	return words;
}

// Give away what has been recorded. Returns the packets.
static uint32_t drain(struct cp_cmd *cmd, struct watch *watch, json_t *rows)
{
	const struct poise_snapshot *snapshot = cmd->app->snapshot;
	int64_t offset_ns = cp_trace_clock_offset_ns();
	static struct cp_trace_packet packet;
	uint32_t count = 0;

	while (count < ROUND && (!watch->limited || watch->left) &&
	       cp_trace_next(&cmd->app->flows, &watch->from, &watch->missed, &packet) == CP_TRACE_PACKET) {
		count++;
		watch->left -= watch->limited;
		if (watch->file)
			cp_trace_pcapng(cmd->file, &packet, snapshot, offset_ns);
		else
			cp_trace_text(cmd->out, &packet, snapshot, offset_ns);
		if (cmd->json)
			json_array_append_new(rows, cp_trace_json(&packet, snapshot, offset_ns));
	}
	return count;
}

static enum cp_cmd_status finish(struct cp_cmd *cmd, const struct watch *watch)
{
	struct poise_trace_control off = {0};

	cp_trace_ask(&cmd->app->flows, &off);
	cp_xdp_watch(cmd->app->xdp, 0);
	cmd->app->trace_token = 0;
	if (watch->missed)
		evbuffer_add_printf(cmd->err, "%" PRIu64 " records were overwritten before they could be read\n",
				    watch->missed);
	return CP_CMD_DONE;
}

static enum cp_cmd_status observe(struct cp_cmd *cmd, bool to_file)
{
	struct poise_trace_control control;
	struct watch watch = {0};
	enum cp_cmd_status status = parse(cmd, &watch);
	bool first = !watch.token;
	json_t *rows;
	int error;

	if (status != CP_CMD_DONE)
		return status;
	if (to_file != (watch.file != NULL))
		return cp_cmd_usage(cmd, to_file ? "capture: -w FILE is missing; - is the standard output"
						 : "trace: -w belongs to capture");
	if (!cmd->app->snapshot || !cmd->app->flows.base)
		return cp_cmd_fail(cmd, "there is no flow table yet");
	status = compile(cmd, &watch, &control);
	if (status == CP_CMD_DONE)
		status = admit(cmd, &watch);
	if (status != CP_CMD_DONE)
		return status;
	error = cp_trace_ask(&cmd->app->flows, &control);
	if (error)
		return cp_cmd_fail(cmd, "cannot watch: %s", strerror(-error));
	cp_xdp_watch(cmd->app->xdp, control.until_ns);
	cmd->file_name = watch.file;
	cmd->file_start = first;
	if (watch.file && first)
		cp_trace_pcapng_start(cmd->file, cmd->app->snapshot);
	rows = json_array();
	cmd->again_ms = drain(cmd, &watch, rows) ? PAUSE_SHORT_MS : PAUSE_MS;
	cmd->lines = true;
	status = cp_cmd_give(cmd, rows);
	if (watch.limited && !watch.left)
		return finish(cmd, &watch);
	cmd->again = again(cmd, &watch);
	return status;
}

enum cp_cmd_status cp_cmd_trace(struct cp_cmd *cmd)
{
	return observe(cmd, false);
}

enum cp_cmd_status cp_cmd_capture(struct cp_cmd *cmd)
{
	return observe(cmd, true);
}
