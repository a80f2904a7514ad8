// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See interrupts.h.
#include "interrupts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"

#define TEXT 32768u

void interrupts_open(struct interrupts *interrupts, uint32_t processor)
{
	interrupts->processor = processor;
	interrupts->fd = open("/proc/interrupts", O_RDONLY | O_CLOEXEC);
	if (interrupts->fd < 0)
		rig_die("/proc/interrupts", strerror(errno));
}

// The numbers of a line stand in the order of the processors.
static uint64_t of_line(const char *line, uint32_t processor)
{
	const char *at = strchr(line, ':');
	uint64_t value = 0;
	char *end;

	if (!at)
		return 0; // the line with the processors' names
	for (uint32_t n = 0; n <= processor; n++) {
		value = strtoull(at + (n == 0), &end, 10);
		if (end == at + (n == 0))
			return 0; // "ERR" and "MIS" have one number for all
		at = end;
	}
	return value;
}

uint64_t interrupts_read(const struct interrupts *interrupts)
{
	static char text[TEXT];
	char *rest = NULL, *line;
	uint64_t total = 0;
	size_t length = 0;
	ssize_t got;

	while (length < TEXT - 1 &&
	       (got = pread(interrupts->fd, text + length, TEXT - 1 - length, (off_t)length)) > 0)
		length += (size_t)got;
	text[length] = 0;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		total += of_line(line, interrupts->processor);
	return total;
}
