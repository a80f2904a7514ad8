// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What the end and the output of a program say. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../health.h"

// Why a program failed: how it ended, and the first line of its `output`, with question marks for what is not plain
// ASCII. `status` is that of waitpid(2), -1: not known.
void cp_exec_reason(int status, const char *output, char *reason, size_t size);

// Role and lag from a first line "role=primary" or "role=replica lag_ms=120 lag_bytes=4096" (either lag may be left
// out). Any other line is a remark for people: the report stays as it is.
void cp_exec_role(const char *output, struct cp_health_report *report);
