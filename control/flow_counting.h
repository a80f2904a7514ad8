// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The clockwork of flow_counts.h: a slice of a large table now and then, so that counting never holds anything up.
#pragma once

#include "app.h"

// Counts app->dataplane.counts. NULL without memory.
struct event *cp_flow_counting_create(struct cp_app *app);
