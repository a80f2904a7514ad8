// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The file as libconfig may see it. libconfig 1.5 stops at a NUL byte as if the file ended there, takes an
// unclosed comment for a comment, cuts integers to 32 bits without a word and recurses as deep as the input
// does; these are found here, before it.
#pragma once

#include "report.h"

// Read a regular file. Returns its text, NUL terminated, to be freed, in which integers that need 64 bits
// carry libconfig's "L"; or NULL with one line in *report.
char *cp_text_load(const char *file, struct cp_report *report);
