// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The whole terminal for an answer that asks for it.
#pragma once

#include <stdbool.h>

#include <jansson.h>

// Is there a terminal to take, and is "screen" a name known here?
bool screen_can(const char *name);

// Show overviews, one a second, until the user has enough. ask() gives a new one to the caller, NULL when
// there is no answer. Returns the exit status.
int screen_show(json_t *(*ask)(void *context), void *context);
