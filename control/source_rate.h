// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A rate as the data path wants it.
#pragma once

#include <poise/source_limit.h>

// Between two new flows of a source that may open `a_second`, rounded down so that all of them fit into the window at
// once. 0 for no limit.
static inline uint32_t cp_source_interval(uint32_t a_second)
{
	return a_second ? POISE_SOURCE_WINDOW / a_second : 0;
}
