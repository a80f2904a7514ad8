// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The way to the dataplane: stays connected to its socket, hands over the flow table and each snapshot, keeps
// app->dataplane. poised's thread.
#pragma once

#include "app.h"

struct cp_sink_dp *cp_sink_dp_create(struct cp_app *app);
void cp_sink_dp_destroy(struct cp_sink_dp *sink);

// Connect from now on, and keep trying.
void cp_sink_dp_start(struct cp_sink_dp *sink);

// app->snapshot is a new one: send it, now or as soon as the one under way is answered. Returns false when no
// dataplane is there to take it; else cp_publish_settled() follows.
bool cp_sink_dp_publish(struct cp_sink_dp *sink);

// Ask the dataplane to drain and end; `for_good`: and do not connect again. 0, or -errno when it could not be asked.
int cp_sink_dp_stop(struct cp_sink_dp *sink, bool for_good);

// Without any of the above: tell a dataplane that listens at `socket` to drain and end. 0, or -errno when
// there is none.
int cp_sink_dp_dismiss(const char *socket);

// Does the dataplane look for unfinished records in the flow table right now? Then nobody here may begin one.
bool cp_sink_dp_recovers(const struct cp_sink_dp *sink);

// Its process is gone.
void cp_sink_dp_gone(struct cp_sink_dp *sink);
