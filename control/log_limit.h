// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// How often one kind of message may be written: the first few of a window pass, the rest is counted. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CP_LOG_LIMIT_LINES 20
#define CP_LOG_LIMIT_SECONDS 10

struct cp_log_limit {
	int64_t since_s; // when the window began
	uint32_t lines;	 // written in it
	uint32_t held;	 // suppressed and not told yet
};

// Has the window ended with something held back? Then *held tells how many, and they count as told.
static inline bool cp_log_limit_over(struct cp_log_limit *limit, int64_t now_s, uint32_t *held)
{
	if (!limit->held || now_s - limit->since_s < CP_LOG_LIMIT_SECONDS)
		return false;
	*held = limit->held;
	limit->held = 0;
	return true;
}

// May a line be written now? Ask cp_log_limit_over() before.
static inline bool cp_log_limit_admit(struct cp_log_limit *limit, int64_t now_s)
{
	if (!limit->lines || now_s - limit->since_s >= CP_LOG_LIMIT_SECONDS) {
		limit->since_s = now_s;
		limit->lines = 0;
	}
	if (limit->lines < CP_LOG_LIMIT_LINES) {
		limit->lines++;
		return true;
	}
	limit->held++;
	return false;
}
