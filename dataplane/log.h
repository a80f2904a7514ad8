// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Lines on stderr and reasons of failure. Cold code only: a worker never logs, it counts.
#pragma once

#include <stdio.h>

#include <poise/wire.h>

// From now on each line is a JSON object with one of the kinds of messages.def. Before there is a second thread.
void dp_log_json(void);

// For the lines that EAL and the drivers write: a stream that makes them objects too, to be kept open. NULL: they
// may stay as they are, or there is no memory.
FILE *dp_log_stream(void);

// One line on stderr, "poise-dataplane: " in front. Any thread.
void dp_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Why something was refused: one line, for stderr and for the RESULT message.
struct dp_error {
	char text[POISE_WIRE_TEXT];
};

// Writes the line and returns `code` (a negative errno), so that callers can return it.
int dp_fail(struct dp_error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
