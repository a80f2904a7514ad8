// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The last events, for people who ask later: every line of the log, also those its rate limit held back. A ring of
// fixed size; ids count from 1 since poised started, so that a reader sees what it missed. poised's thread.
#pragma once

#include <stdint.h>

#include <poise/abi.h>

#include "log.h"

#define CP_EVENTS 1024
#define CP_EVENT_TEXT 256
#define CP_EVENT_ROLE 16

struct cp_event {
	uint64_t id;
	uint64_t time_ms;  // since 1970
	const char *level; // "error", "warning", "info"
	const char *kind;  // the message id, as in the log
	char service[POISE_NAME_SIZE]; // what it is about; empty: nothing of that kind
	char backend[POISE_NAME_SIZE];
	char role[CP_EVENT_ROLE];
	char text[CP_EVENT_TEXT]; // cut when longer
};

// `level` and `kind` are literals, `subject` may be NULL. Returns the event, valid until the next one.
const struct cp_event *cp_event_add(const char *level, const char *kind, const struct cp_log_subject *subject,
				    const char *text);
// Id of the newest event, 0 before the first.
uint64_t cp_event_last(void);
// NULL: overwritten, or not there yet. Valid until the next event.
const struct cp_event *cp_event_get(uint64_t id);
// The clock of time_ms.
uint64_t cp_event_now_ms(void);
