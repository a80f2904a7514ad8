// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "password.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Never a pipe or a device: they would keep poised waiting.
static int open_file(const char *path, struct stat *status)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -1;
	if (fstat(fd, status) == 0 && S_ISREG(status->st_mode))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

int cp_password_read(const char *path, char password[CP_PASSWORD_SIZE], char *reason, size_t size)
{
	struct stat status;
	int fd = open_file(path, &status);
	ssize_t length;

	if (fd < 0) {
		snprintf(reason, size, "password_file cannot be read: %s", strerror(errno));
		return -1;
	}
	length = read(fd, password, CP_PASSWORD_SIZE - 1);
	close(fd);
	password[length > 0 ? length : 0] = '\0';
	password[strcspn(password, "\r\n")] = '\0';
	if (!password[0] || strlen(password) == CP_PASSWORD_SIZE - 1) {
		snprintf(reason, size, "password_file has no first line of 1 to %d characters", CP_PASSWORD_SIZE - 2);
		return -1;
	}
	return 0;
}

bool cp_passfile_fit(const char *path, char *reason, size_t size)
{
	struct stat status;
	int fd = open_file(path, &status);

	if (fd < 0) {
		snprintf(reason, size, "passfile cannot be read: %s", strerror(errno));
		return false;
	}
	close(fd);
	if (!(status.st_mode & (S_IRWXG | S_IRWXO)))
		return true;
	snprintf(reason, size, "passfile can be read by others than its owner, chmod 600 it");
	return false;
}
