// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The doctor: looks at the host with the eyes of a configuration and says what is wrong, and what to do about
// it. Changes nothing. For `poisectl doctor`, where poised looks, and `poised --doctor`, where none need run.
#pragma once

#include <event2/buffer.h>
#include <jansson.h>

#include "app.h"

enum cp_doctor_state {
	CP_DOCTOR_OK,
	CP_DOCTOR_NOTE,	 // good to know; works all the same
	CP_DOCTOR_WRONG, // does not work, or not for long
};

struct cp_doctor_item {
	enum cp_doctor_state state;
	char subject[40];
	char text[256];
	char remedy[256]; // empty: nothing to be done
};

struct cp_doctor {
	const struct cp_config *config;
	const struct cp_app *app; // NULL: this is not the poised that runs
	char instance[CP_PATH_SIZE];
	char run_dir[CP_PATH_SIZE];
	bool runs;		      // a poised of this instance does, this one or another
	struct cp_doctor_item *items; // owned
	uint32_t count;
	uint32_t wrong;
};

// All checks. Blocks for some ten milliseconds. Free with cp_doctor_fini(). `app` may be NULL.
void cp_doctor_look(struct cp_doctor *doctor, const struct cp_config *config, const struct cp_app *app);
void cp_doctor_fini(struct cp_doctor *doctor);

void cp_doctor_text(const struct cp_doctor *doctor, struct evbuffer *out);
json_t *cp_doctor_json(const struct cp_doctor *doctor);

// One finding. `remedy` may be NULL.
void cp_doctor_add(struct cp_doctor *doctor, enum cp_doctor_state state, const char *subject,
		   const char *remedy, const char *format, ...) __attribute__((format(printf, 5, 6)));

// The parts, each in a file of its own.
void cp_doctor_host(struct cp_doctor *doctor);
void cp_doctor_bpf(struct cp_doctor *doctor);
void cp_doctor_interfaces(struct cp_doctor *doctor);
void cp_doctor_services(struct cp_doctor *doctor);
void cp_doctor_leftovers(struct cp_doctor *doctor);
void cp_doctor_running(struct cp_doctor *doctor);

// `poised --doctor`: prints; returns the exit status, 1 when something is wrong.
int cp_doctor_oneshot(const char *file, bool json);
