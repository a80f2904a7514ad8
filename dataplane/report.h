// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The counters as a JSON file, for --stats-json. Cold: main lcore, when the workers have ended.
#pragma once

#include <poise/snapshot.h>
#include <poise/table.h>

#include "stats.h"

// Write `file`. `snapshot` gives the names; it and `table` may be NULL when there never was
// one. Returns 0 or -errno with a line.
int dp_report_write(const char *file, const struct dp_stats *stats, const struct poise_snapshot *snapshot,
		    const struct poise_table *table, struct dp_error *error);
