// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The flows of each backend, for scheduler lc.
#pragma once

#include "app.h"

// Has the config a service that wants to know?
bool cp_lifecycle_counts(const struct cp_config *config);

// Count into app->states: once a second, in poised's thread. A table of a million flows takes some 10 ms.
void cp_lifecycle_count(struct cp_app *app);
