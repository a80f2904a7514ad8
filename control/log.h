// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// poised's log: one line an event on stderr (syslog once daemonized), as text or as JSON objects (docs/messages.md).
// Each kind of message has a constant id that programs may rely on, a line of messages.def. Of those that come too
// fast the first are written and the others summed up (log_limit.h); all of them are events (events.h).
#pragma once

#include <stdbool.h>

#include "report.h"

enum cp_log_level { CP_LOG_ERROR, CP_LOG_WARNING, CP_LOG_INFO };
enum cp_log_format { CP_LOG_TEXT, CP_LOG_JSON };

// What a message is about; NULL: nothing of that kind.
struct cp_log_subject {
	const char *service;
	const char *backend;
	const char *role; // "primary", "replica"
};

void cp_log_format(enum cp_log_format format);
bool cp_log_is_json(void);

// From now on to syslog: the daemon has no stderr.
void cp_log_to_syslog(void);

// `id` is a literal of messages.def like "backend-down".
void cp_log(enum cp_log_level level, const char *id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// The same with the fields `service`, `backend` and `role`. `subject` may be NULL; its texts are copied.
void cp_log_about(const struct cp_log_subject *subject, enum cp_log_level level, const char *id,
		  const char *format, ...)
	__attribute__((format(printf, 4, 5)));

// Every line of a report, as errors. Text lines come without a prefix, as "file:line: text".
void cp_log_report(const char *id, const struct cp_report *report);

// Tell how many lines were suppressed, of kinds whose time is over. To be called once a second.
void cp_log_tick(void);
