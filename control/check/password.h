// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Secrets that a check reads from files, each time anew: who changes a password changes the file.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define CP_PASSWORD_SIZE 1024

// The first line of a file, without its end. Returns 0, or -1 with one line in `reason`: the file cannot be read, is
// empty or its first line does not fit.
int cp_password_read(const char *path, char password[CP_PASSWORD_SIZE], char *reason, size_t size);

// Would libpq heed this password file? It ignores one that others than its owner can read. If not, says why.
bool cp_passfile_fit(const char *path, char *reason, size_t size);
