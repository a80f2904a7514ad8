// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The dataplane's stats page, mapped read-only.
#pragma once

#include <stddef.h>

#include <poise/stats.h>

// Map and check the page behind `fd` (the caller's). Returns NULL, or a static text that says what is wrong.
const char *cp_stats_map(int fd, const struct poise_stats **stats, size_t *bytes);
void cp_stats_unmap(const struct poise_stats *stats, size_t bytes);
