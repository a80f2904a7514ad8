// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int cp_instance_directory(const char *socket, char *directory, size_t size)
{
	const char *slash = strrchr(socket, '/');
	size_t length = slash == socket ? 1 : slash ? (size_t)(slash - socket) : 0;

	if ((length ? length : 1) >= size)
		return -ENAMETOOLONG;
	snprintf(directory, size, "%.*s", length ? (int)length : 1, length ? socket : ".");
	return 0;
}

void cp_instance_name(const char *directory, char *name, size_t size)
{
	size_t used = 0;

	while (*directory == '/')
		directory++;
	for (; *directory && used + 1 < size; directory++) {
		char c = *directory;
		int plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		name[used++] = plain || c == '-' ? c : c == '/' ? '-' : '_';
	}
	name[used] = 0;
	if (!used)
		snprintf(name, size, "root");
}

static int make_directories(const char *directory)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s", directory) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

// A name of the directory that no file system holds: who removes files does not open the door for a second poised.
// Not a lock on the directory, which the dataplane takes while it makes its socket there.
static int take_name(const char *directory)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = offsetof(struct sockaddr_un, sun_path) + 1;
	struct stat status;
	int error, fd;

	if (stat(directory, &status))
		return -errno;
	size += (socklen_t)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "poised-%llx-%llx",
				    (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!bind(fd, (const struct sockaddr *)&address, size))
		return fd;
	error = errno == EADDRINUSE ? -EBUSY : -errno;
	close(fd);
	return error;
}

// Open the lock file and take its lock; -EAGAIN when the file was removed between the two by its last holder.
static int try_lock(const char *path, int *holder)
{
	struct stat opened, named;
	char text[16] = "";
	int error, fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		error = errno == EWOULDBLOCK ? -EBUSY : -errno;
		if (read(fd, text, sizeof(text) - 1) > 0)
			*holder = atoi(text);
	} else if (fstat(fd, &opened) || stat(path, &named) || opened.st_ino != named.st_ino ||
		   opened.st_dev != named.st_dev) {
		error = -EAGAIN;
	} else {
		snprintf(text, sizeof(text), "%d\n", (int)getpid());
		error = ftruncate(fd, 0) ? -errno : 0;
		if (!error && pwrite(fd, text, strlen(text), 0) < 0 && errno != ENOSPC) // only for people, and no lock
			error = -errno;
	}
	if (!error)
		return fd;
	close(fd);
	return error;
}

static int lock_path(const char *directory, char *path, size_t size)
{
	return snprintf(path, size, "%s/poised.lock", directory) < (int)size ? 0 : -ENAMETOOLONG;
}

static int own_name = -1; // held for the life of the process

static void read_holder(const char *path, int *holder)
{
	char text[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text) - 1) > 0)
		*holder = atoi(text);
	close(fd);
}

int cp_instance_lock(const char *directory, int *holder)
{
	char path[4096];
	int result = make_directories(directory);

	*holder = 0;
	if (!result)
		result = lock_path(directory, path, sizeof(path));
	if (result)
		return result;
	own_name = take_name(directory);
	if (own_name < 0) {
		if (own_name == -EBUSY)
			read_holder(path, holder);
		return own_name;
	}
	for (int attempt = 0; attempt < 5; attempt++) {
		result = try_lock(path, holder);
		if (result != -EAGAIN)
			break;
	}
	if (result < 0) {
		close(own_name);
		own_name = -1;
	}
	return result;
}

bool cp_instance_runs(const char *directory)
{
	char path[4096];
	bool runs;
	int fd = take_name(directory);

	if (fd == -EBUSY)
		return true;
	if (fd >= 0)
		close(fd);
	if (lock_path(directory, path, sizeof(path))) // of another network namespace it is seen by the file alone
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	runs = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd);
	return runs;
}

void cp_instance_unlock(const char *directory, int lock)
{
	char path[4096];

	if (lock < 0)
		return;
	if (!lock_path(directory, path, sizeof(path)))
		unlink(path);
	close(lock);
	if (own_name >= 0)
		close(own_name);
	own_name = -1;
}
