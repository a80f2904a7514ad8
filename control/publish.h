// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The one road of every change: config, states and topology are compiled to a snapshot; when it means something
// else to a packet it becomes the next generation and goes to the dataplane and, once that uses it, to the XDP
// program. See also cp_changed() in app.h.
#pragma once

#include "app.h"

// Takes up the last snapshot of an earlier poised, if there is one, as app->snapshot: its indices and its
// numbering go on. NULL without memory.
struct cp_publish *cp_publish_create(struct cp_app *app);
// With `remove` the next poised starts from nothing.
void cp_publish_destroy(struct cp_publish *publish, bool remove);

// Compile now, and send when it differs. Returns 0, or -1 with lines in *report; the last snapshot stays.
int cp_publish_now(struct cp_publish *publish, struct cp_report *report);

// Could this be published? As cp_publish_now() without consequences.
int cp_publish_try(struct cp_publish *publish, const struct cp_config *config, const struct cp_states *states,
		   const struct cp_topology *topology, struct cp_report *report);

// Write it to the run directory once more, after that failed.
void cp_publish_save(struct cp_app *app);

// From sink_dp.c: a dataplane that runs `generation` (0: none) is there; numbers continue from the higher one.
void cp_publish_welcome(struct cp_app *app, uint64_t generation);

// From sink_dp.c: the dataplane has taken a snapshot, the newest or one before it.
void cp_publish_taken(struct cp_app *app);

// From sink_dp.c: the dataplane uses `generation`, or (0) is not there to answer.
void cp_publish_settled(struct cp_app *app, uint64_t generation);
