// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The run-time states of all backends: one for each backend of the config, kept over reloads by name.
#pragma once

#include "compile.h"

// Make *states hold exactly the backends of `config`. Known ones keep what they have, new ones start
// healthy when `healthy` says so or their service has no check. Returns 0 or -ENOMEM (then unchanged).
int cp_states_sync(struct cp_states *states, const struct cp_config *config, bool healthy);

// Believe a snapshot that runs already: what takes new flows there is healthy, in the role that its service requires,
// and through with its slow start, until a check says otherwise. One that takes none, though neither the operator nor a
// standby's part is the reason, counts as taken out at `now_ns` (CLOCK_MONOTONIC): a restart does not allow
// max_ejected_percent anew.
void cp_states_adopt(struct cp_states *states, const struct cp_config *config, const struct poise_snapshot *snapshot,
		     uint64_t now_ns);

// A check has a result: take its role and lag, and the verdict `healthy` that rise and fall made of it. A failed
// probe leaves role and lag as they were, since it says nothing about them. Returns true when verdict, role or
// whether a lag is known has changed, so that a snapshot made of it may differ; a lag that only grows or shrinks
// is no change. poised's thread.
bool cp_health_report(struct cp_backend_state *state, const struct cp_health_report *report, bool healthy);

void cp_states_fini(struct cp_states *states);
