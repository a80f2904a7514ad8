// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A configuration that takes most of what runs away is more often a cut file or the wrong one than a wish.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

// Does `after` have no service left, or lack more than half of the services or of the backends of `before` (by
// their names)? Then *text says so, in one line without an end. `before` may be NULL: nothing to lose. Pure.
bool cp_shrinks(const struct cp_config *before, const struct cp_config *after, char *text, size_t size);
