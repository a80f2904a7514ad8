// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Writing and reading all of it, whatever write(2) and read(2) do at a time.
#pragma once

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

// Returns 0 or -errno. Any thread.
static inline int cp_write_all(int fd, const void *data, size_t length)
{
	const char *bytes = data;

	while (length) {
		ssize_t done = write(fd, bytes, length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		bytes += done;
		length -= (size_t)done;
	}
	return 0;
}

// Read until `size` bytes are there or the file ends; *length is how many there are. Returns 0 or -errno. Any thread.
static inline int cp_read_all(int fd, void *data, size_t size, size_t *length)
{
	char *bytes = data;

	*length = 0;
	while (*length < size) {
		ssize_t done = read(fd, bytes + *length, size - *length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (!done)
			break;
		*length += (size_t)done;
	}
	return 0;
}
