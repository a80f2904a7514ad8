// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A firewall without a way in for SSH is more often forgotten than meant.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

// Does nothing that `after` passes reach TCP port 22 by any interface, while `before` (NULL: nothing ran) let it in?
// Then *text says so, in one line without an end. Interfaces that are no ports are not looked at: whoever comes by them
// says --force. Pure.
bool cp_locks_out(const struct cp_config *before, const struct cp_config *after, char *text, size_t size);
