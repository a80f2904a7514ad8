// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// poised's life: start in stages, run the event loop, end in the reverse order.
#pragma once

#include "options.h"

// Returns the exit status.
int cp_run(const struct cp_options *options);
