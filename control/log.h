// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// poised's log: one line an event on stderr (syslog once daemonized), as text or JSON. Each kind of event has
// a constant id that scripts may rely on. Equal ids that come too fast are held back and summed up.
#pragma once

#include "report.h"

enum cp_log_level { CP_LOG_ERROR, CP_LOG_WARNING, CP_LOG_INFO };
enum cp_log_format { CP_LOG_TEXT, CP_LOG_JSON };

void cp_log_format(enum cp_log_format format);

// From now on to syslog: the daemon has no stderr.
void cp_log_to_syslog(void);

// `id` is a string literal like "backend-down"; at most 20 lines of one id in 10 seconds are written.
void cp_log(enum cp_log_level level, const char *id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// Every line of a report, as errors. Text lines come without a prefix, as "file:line: text".
void cp_log_report(const char *id, const struct cp_report *report);
