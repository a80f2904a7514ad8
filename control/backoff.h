// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// When a process that ended is started again. Pure: time is an argument.
//
// What was told to end, or was killed by somebody after it had worked for a while, comes back soon. What ends by
// itself waits longer each time. Five such ends within half a minute are a crash loop: then the waits grow to
// minutes, and it is over when a run has worked for long enough.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CP_BACKOFF_ENDS 5
#define CP_BACKOFF_WINDOW_NS 30000000000ull
#define CP_BACKOFF_PROVEN_NS 10000000000ull // a run that worked for so long is no part of a crash loop

enum cp_end {
	CP_END_PLANNED, // we asked for it
	CP_END_KILLED,  // SIGKILL or SIGTERM from somewhere
	CP_END_FAILED,  // by itself: a signal, a status that is not 0, or it could not be started at all
};

struct cp_backoff {
	uint64_t ends_ns[CP_BACKOFF_ENDS]; // of the last ones that count, a ring
	uint32_t ends;			   // how many are in it
	uint32_t next;			   // where the next one goes
	uint32_t delay_ms;		   // the last one given
	bool loop;
};

// A run ended at `now_ns` after it had worked for `worked_ns` (0: it never came so far). Returns how long to wait, in
// milliseconds; backoff->loop tells whether this is a crash loop.
uint32_t cp_backoff_ended(struct cp_backoff *backoff, enum cp_end end, uint64_t worked_ns, uint64_t now_ns);

// A run has worked for CP_BACKOFF_PROVEN_NS: the past is forgotten. Returns true when that ends a crash loop.
bool cp_backoff_proven(struct cp_backoff *backoff);

// What kind of end a status of waitpid(2) is.
enum cp_end cp_end_of_status(int status, bool asked);
