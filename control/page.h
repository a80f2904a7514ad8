// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The status page and the JSON it lives on, served beside the metrics. Reads, never changes.
#pragma once

#include <event2/buffer.h>

#include "app.h"

struct cp_page {
	const char *type;   // of the content
	const char *policy; // content security policy, NULL: nothing may be loaded
};

// Fill `body` for "/" or "/api/NAME.json". Returns the status of HTTP; 0 when there is no such page.
int cp_page(struct cp_app *app, const char *path, struct evbuffer *body, struct cp_page *page);
