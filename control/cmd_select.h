// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// BACKEND arguments: "service/backend", or "backend" where only one service has it.
#pragma once

#include "cmd.h"

// The state of the backend that `name` means, or NULL after a line on stderr (ambiguous: with the candidates;
// unknown: with a suggestion). Valid until the next reload.
struct cp_backend_state *cp_cmd_select(struct cp_cmd *cmd, const char *name);
