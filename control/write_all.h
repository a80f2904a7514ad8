// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Writing all of it, whatever write(2) takes at a time.
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
