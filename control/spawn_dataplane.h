// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The dataplane's process: started when nobody answers at its socket, watched, started again after its death,
// whether poised started it or found it.
#pragma once

#include "app.h"

struct cp_spawn *cp_spawn_create(struct cp_app *app);
// Forgets the process, does not end it.
void cp_spawn_destroy(struct cp_spawn *spawn);

// Nobody answers at the dataplane's socket: start one if the config says so and none is on its way.
void cp_spawn_want(struct cp_spawn *spawn);

// The process `pid` answers: ours, or one to adopt.
void cp_spawn_welcome(struct cp_spawn *spawn, pid_t pid);

// The dataplane uses our snapshot: from now on it works.
void cp_spawn_working(struct cp_spawn *spawn);

// Does a process live that we know of?
bool cp_spawn_alive(const struct cp_spawn *spawn);

// End what runs and start anew: now, when `hung`, else with time to finish. Only logs when the config does
// not let poised start one.
void cp_spawn_again(struct cp_spawn *spawn, const char *reason, bool hung);

// A planned restart: end it in order and start it at once; while a start is waited for, do not wait. Returns NULL, or
// a static text that says why not.
const char *cp_spawn_restart(struct cp_spawn *spawn);

// End it for good; breaks the event loop when it is gone.
void cp_spawn_stop(struct cp_spawn *spawn);
