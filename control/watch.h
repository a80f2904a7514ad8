// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A dataplane that lives but does not work: a worker's heartbeat stands still. Its process is then ended, since
// nothing else brings the traffic back.
#pragma once

#include "app.h"

struct cp_watch;

struct cp_watch *cp_watch_create(struct cp_app *app);
void cp_watch_destroy(struct cp_watch *watch);
