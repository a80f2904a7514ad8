// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The operator's wishes as a configuration: what poised runs with, and the wishes written into it. drain and disable
// have no key of their own; both become weight 0, which takes no new flows and keeps those that are there.
#pragma once

#include "compile.h"

// Weight of a backend by the configuration alone.
uint32_t cp_drift_weight(const struct cp_config *config, const struct cp_backend_state *state);

// The text of a configuration file, malloc()ed, or NULL without memory. Comments are lost. Pure.
char *cp_drift_text(const struct cp_config *config, const struct cp_states *states);
