// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// One call of a verb: arguments in, text or a JSON document out. The verbs stand in cmds.def, their
// functions in cmd_*.c. They run in poised's event loop, so none may wait for anything.
#pragma once

#include <event2/buffer.h>
#include <jansson.h>

#include "app.h"
#include "table_text.h"

#define CP_API_ARGUMENTS 64

enum cp_cmd_status { CP_CMD_DONE, CP_CMD_FAILED, CP_CMD_USAGE }; // poisectl's exit status

#define CP_LOAD_SAMPLES 2

// Readings of the workers' loop counters, so that load is that of the last second (cmd_load.c).
struct cp_load_sample {
	uint64_t at_ns;
	uint64_t loops[POISE_MAX_WORKERS];
	uint64_t busy_loops[POISE_MAX_WORKERS];
	uint64_t idle_ns[POISE_MAX_WORKERS];
};

struct cp_load {
	struct cp_load_sample samples[CP_LOAD_SAMPLES]; // the newest first
};

struct cp_cmd {
	struct cp_app *app;
	const struct cp_load *load;
	const char *cwd; // the caller's, absolute; NULL unknown
	int argc;
	const char **argv; // argv[0] is the verb
	bool json;
	unsigned columns; // of the caller's terminal, 0: none
	bool colors;	  // that the terminal has and the caller wants
	struct evbuffer *out; // text for stdout
	struct evbuffer *err; // text for stderr
	json_t *document;     // for stdout with `json`; owned by the caller
	struct evbuffer *raw; // goes before the document: the same, already written; owned by the caller
	bool lines;	      // the document is an array, printed an element a line
	json_t *again;	      // arguments for the client to ask with next, NULL: this is all; owned by the caller
	unsigned again_ms;    // after this pause
	const char *file_name; // the client writes `file` there, "-" is its standard output; NULL: no file
	bool file_start;       // the file begins here, else it goes on
	struct evbuffer *file;
	const char *screen;   // the client may show the document on the whole terminal, by this name; else NULL
	// Not done yet: call this again soon, until it leaves it NULL. `work` is what it keeps meanwhile, freed by
	// `forget`, which is also called when nobody waits any more.
	enum cp_cmd_status (*next)(struct cp_cmd *cmd);
	void *work;
	void (*forget)(void *work);
	bool changed;	      // something a snapshot is made of: the answer may wait for the dataplane
};

struct cp_cmd_entry {
	const char *verb;
	const char *syntax;
	int least;
	int most;
	const char *help;
	const char *details;
	enum cp_cmd_status (*run)(struct cp_cmd *cmd);
};

// The verbs, ended by one without name.
const struct cp_cmd_entry *cp_cmd_table(void);

// Look the verb up and run it. Fills out, err, document, changed and next; sets json for "-j" among the arguments.
enum cp_cmd_status cp_cmd_run(struct cp_cmd *cmd);

// A line on stderr; returns CP_CMD_FAILED or CP_CMD_USAGE.
enum cp_cmd_status cp_cmd_fail(struct cp_cmd *cmd, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
enum cp_cmd_status cp_cmd_usage(struct cp_cmd *cmd, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

// Take over `document` (NULL: out of memory, a failure) as the answer; with `json` there is nothing more to
// be done. Returns CP_CMD_DONE.
enum cp_cmd_status cp_cmd_give(struct cp_cmd *cmd, json_t *document);

// Share of the time since the older sample that a worker was busy with packets, 0 to 1.
double cp_load_busy(const struct cp_load *load, const struct cp_dataplane_link *dataplane, uint32_t worker,
		    uint64_t now_ns);
// Take a reading, at most one a second.
void cp_load_sample(struct cp_load *load, const struct cp_dataplane_link *dataplane, uint64_t now_ns);

#define CP_COMMAND(verb, syntax, least, most, help, details) \
	enum cp_cmd_status cp_cmd_##verb(struct cp_cmd *cmd);
#include "cmds.def"
#undef CP_COMMAND
