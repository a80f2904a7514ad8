// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The answers of several verbs as one JSON document: what a screen that follows Poise shows, the status page
// in a browser and `poisectl top`. The parts are those of the verbs, key for key.
#pragma once

#include "cmd.h"

// {"status": {...}, "services": [...], "backends": [...], "counters": [...], "events": [...]}: the counters are
// those that are not zero, the events the last 25. A new reference, NULL without memory. `load` may be NULL.
json_t *cp_overview_json(struct cp_app *app, const struct cp_load *load);

// What `poisectl -j VERB` prints for a verb that only shows. NULL when `verb` is none of them.
json_t *cp_overview_part(struct cp_app *app, const struct cp_load *load, const char *verb);
