// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Configs for tests out of texts, and the lines that come of bad ones.
#pragma once

#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "config.h"

// Load bytes as if they were a file. The lines begin with the name of a memfd, "/proc/self/fd/N".
static inline struct cp_config *config_from_bytes(const void *bytes, size_t length, struct cp_report *report)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	struct cp_config *config;
	char path[64];

	if (fd < 0 || write(fd, bytes, length) != (ssize_t)length) {
		perror("memfd");
		exit(2);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config = cp_config_load(path, report);
	close(fd);
	return config;
}

// Load a text that must be good.
static inline struct cp_config *config_from(const char *format, ...)
{
	struct cp_report report = {0};
	struct cp_config *config;
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		exit(2);
	va_end(arguments);
	config = config_from_bytes(text, strlen(text), &report);
	for (size_t i = 0; i < report.count; i++)
		fprintf(stderr, "%s\n", report.lines[i]);
	cp_report_fini(&report);
	free(text);
	if (!config)
		exit(2);
	return config;
}

// Does a line say this?
static inline int report_says(const struct cp_report *report, const char *text)
{
	for (size_t i = 0; i < report->count; i++)
		if (strstr(report->lines[i], text))
			return 1;
	return 0;
}
