// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "snapshot_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compile.h"
#include "io_all.h"

int cp_snapshot_save(const struct poise_snapshot *snapshot, const char *path)
{
	char temporary[4096];
	int fd, error;

	if (snprintf(temporary, sizeof(temporary), "%s.%d.new", path, (int)getpid()) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	error = cp_write_all(fd, snapshot, sizeof(*snapshot));
	if (close(fd) && !error)
		error = -errno;
	if (!error && rename(temporary, path))
		error = -errno;
	if (error)
		unlink(temporary);
	return error;
}

int cp_snapshot_load(const char *path, struct poise_snapshot **snapshot, const char **why)
{
	struct poise_snapshot *loaded;
	struct stat status;
	size_t length;
	int fd, error;

	*why = "cannot be read";
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : -EINVAL;
	loaded = malloc(sizeof(*loaded));
	if (!loaded || fstat(fd, &status)) {
		error = -EINVAL;
	} else if (status.st_size != sizeof(*loaded)) {
		*why = "has the size of another version";
		error = -EINVAL;
	} else {
		error = cp_read_all(fd, loaded, sizeof(*loaded), &length) || length < sizeof(*loaded) ? -EINVAL : 0;
	}
	close(fd);
	if (!error) {
		*why = cp_snapshot_check(loaded, sizeof(*loaded));
		error = *why ? -EINVAL : 0;
	}
	if (error) {
		free(loaded);
		return error;
	}
	*snapshot = loaded;
	return 0;
}

int cp_snapshot_seal(const struct poise_snapshot *snapshot)
{
	int fd = memfd_create("poise-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING), error;

	if (fd < 0)
		return -errno;
	error = cp_write_all(fd, snapshot, sizeof(*snapshot));
	if (!error && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		error = -errno;
	if (error) {
		close(fd);
		return error;
	}
	return fd;
}
