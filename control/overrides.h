// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The operator's wishes (drain, disable, weight) outlive poised: a backend that was taken out for repair must not come
// back because poised was restarted. They stand in one JSON file in the run directory, which is gone after a boot.
#pragma once

#include "compile.h"

struct cp_app;

#define CP_OVERRIDES_FILE "overrides.json"

// Does this backend differ from what the file says, by the operator's wish?
bool cp_override_is(const struct cp_backend_state *state);

// Write the wishes to DIRECTORY/overrides.json by write-and-rename; the file goes when there is none. The old file
// stays whole on failure. Returns 0 or -errno.
int cp_overrides_save(const struct cp_states *states, const char *directory);

// The same for the running poised; a failure is noted by unsaved.c as well.
int cp_overrides_keep(struct cp_app *app);

// Give the backends that are in *states the wishes of the file; others are dropped. The deadline of a drain goes on
// from when the drain began. `now_ns` is CLOCK_MONOTONIC. Returns how many backends got one, or -errno: -ENOENT no
// file, -EINVAL one that is not ours (nothing is taken from it).
int cp_overrides_load(struct cp_states *states, const char *directory, uint64_t now_ns);
