// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What a worker does when there is nothing to do: poll on, or sleep a little longer each time. Traffic makes it
// busy again at once. The only system call a worker makes.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <sys/prctl.h>
#include <time.h>

#define DP_IDLE_POLLS 2000u	 // empty turns before the first sleep
#define DP_IDLE_FIRST_NS 2000u
#define DP_IDLE_LONGEST_NS 100000u

struct dp_idle {
	bool adaptive;
	uint32_t empty;	   // turns without a packet in a row
	uint32_t sleep_ns; // next sleep
};

// In the worker's thread: let short sleeps be short (the default slack adds 50 us).
static inline void dp_idle_begin(struct dp_idle *idle)
{
	idle->empty = 0;
	idle->sleep_ns = DP_IDLE_FIRST_NS;
	if (idle->adaptive)
		prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
}

// After a turn that moved `packets` packets. Returns true when it slept.
static inline bool dp_idle_turn(struct dp_idle *idle, uint32_t packets)
{
	struct timespec rest;

	if (packets) {
		idle->empty = 0;
		idle->sleep_ns = DP_IDLE_FIRST_NS;
		return false;
	}
	if (!idle->adaptive || ++idle->empty < DP_IDLE_POLLS)
		return false;
	idle->empty = DP_IDLE_POLLS;
	rest = (struct timespec){ .tv_nsec = idle->sleep_ns };
	nanosleep(&rest, NULL);
	idle->sleep_ns = idle->sleep_ns * 2 < DP_IDLE_LONGEST_NS ? idle->sleep_ns * 2 : DP_IDLE_LONGEST_NS;
	return true;
}
