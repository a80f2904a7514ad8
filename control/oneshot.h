// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What poised does without running: --check and --compile. Both return the exit status.
#pragma once

int cp_oneshot_check(const char *file);
int cp_oneshot_compile(const char *file, const char *out);
