// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A list of things wrong with the input, each with its place. All of them are collected, not only the first.
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct cp_report {
	char **lines; // "file:line: text", owned
	size_t count;
};

// Add "file:line: text". `line` 0 leaves the line out, `file` NULL both. Never fails: a line that finds no
// memory reads "out of memory". Control characters in the text become '?'.
void cp_report_add(struct cp_report *report, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void cp_report_fini(struct cp_report *report);

// Append the lines of `from`, which is empty afterwards.
void cp_report_move(struct cp_report *report, struct cp_report *from);

// Order the lines by their line number in `file`; those without one come first, equals keep their order.
void cp_report_sort(struct cp_report *report, const char *file);
