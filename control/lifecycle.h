// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What time does to backends: slow start, the deadline of a drain, how many may be taken out at once because their
// checks fail, and what several primaries mean. Pure: time is an argument.
#pragma once

#include "compile.h"
#include "log.h"

// `subject` holds during the call.
typedef void cp_lifecycle_tell(const struct cp_log_subject *subject, enum cp_log_level level, const char *id,
			       const char *text);

// Bring the states of lifecycle.c up to date, before they are compiled. `now_ns` is CLOCK_MONOTONIC. `say` (or NULL)
// gets one line for each event. Returns when something changes next by time alone, or 0: nothing does.
uint64_t cp_lifecycle_step(const struct cp_config *config, struct cp_states *states, uint64_t now_ns,
			   cp_lifecycle_tell *say);

// Is a replica near enough to its primary to serve?
bool cp_lifecycle_lag_ok(const struct cp_lifecycle *lifecycle, const struct cp_backend_state *state);

// Seconds until the flows of a draining backend are reset, rounded up; -1 without a deadline.
int64_t cp_lifecycle_drain_left(const struct cp_backend_state *state, uint64_t now_ns);

// Believe that a backend serves already and has for long: no slow start, no verdict to wait for.
void cp_lifecycle_adopt(struct cp_backend_state *state);
