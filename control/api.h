// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The protocol of the control socket: one JSON object in a line, one JSON object back, end of connection.
//
//   {"argv":["drain","web1"],"json":false,"cwd":"/root"}
//   {"status":0,"stdout":"web/web1: draining, 3 active flows\n","stderr":""}
//
// An answer may have more members.
//   "again": {"argv":[...],"ms":100}: ask again with these arguments after the pause, for there may be more.
//   "lines": true: "stdout" is an array, of which each element is an answer of its own.
//   "file": {"name":"x.pcapng","start":true,"hex":"0a0d..."}: write or append these bytes.
//
// "json", "cwd", "columns" (the width of the terminal that the text is for) and "colors" (true: it has some)
// may be left out. With "json": true, "stdout" is a JSON value instead of text, null after a
// failure that has none. `status` is poisectl's exit status. Pure but for what the verbs do.
#pragma once

#include "cmd.h"

#define CP_API_REQUEST_MAX 65536

struct cp_api_request;

// Begin the request `text`. When it is done at once, writes the answer's line into `answer` and returns NULL; else what
// is to be continued. `app` and `load` must outlive it. *changed tells whether a snapshot follows from it.
struct cp_api_request *cp_api_begin(struct cp_app *app, const struct cp_load *load, const char *text, size_t length,
				    struct evbuffer *answer, bool *changed);
// A step of a few milliseconds at most. True when `answer` is written; the request is gone then.
bool cp_api_continue(struct cp_api_request *request, struct evbuffer *answer);
// Nobody waits for it any more.
void cp_api_forget(struct cp_api_request *request);

// Carry out all of it at once.
void cp_api_run(struct cp_app *app, const struct cp_load *load, const char *text, size_t length,
		struct evbuffer *answer, bool *changed);

// The workers' readings that the running control socket takes each second; valid as long as `api`.
const struct cp_load *cp_api_load(const struct cp_api *api);

// Write an answer that only has an error.
void cp_api_refuse(struct evbuffer *answer, enum cp_cmd_status status, const char *reason);
