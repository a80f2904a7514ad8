// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The run-time states of all backends: one for each backend of the config, kept over reloads by name.
#pragma once

#include "compile.h"

// Make *states hold exactly the backends of `config`. Known ones keep what they have, new ones start
// healthy when `healthy` says so or their service has no check. Returns 0 or -ENOMEM (then unchanged).
int cp_states_sync(struct cp_states *states, const struct cp_config *config, bool healthy);

// Believe a snapshot that runs already: what takes new flows there is healthy until a check says otherwise.
void cp_states_adopt(struct cp_states *states, const struct poise_snapshot *snapshot);

void cp_states_fini(struct cp_states *states);
