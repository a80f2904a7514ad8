// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// "Did you mean ...?" for mistyped words: config keys and values, verbs. Pure.
#pragma once

#include <stddef.h>

// The candidate nearest to `word` by edit distance (insert, delete, replace, swap of neighbours), or NULL
// when none is near enough to be what was meant. The first of equals. Points into `candidates`.
const char *cp_suggest(const char *word, const char *const *candidates, size_t count);
