// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "kept.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "io_all.h"

#define BOOT_SIZE 40

const char *cp_kept_path(const char *directory, const char *name, char path[CP_KEPT_PATH])
{
	snprintf(path, CP_KEPT_PATH, "%s/%s", directory, name);
	return path;
}

int cp_kept_directory(const char *directory)
{
	return mkdir(directory, 0700) && errno != EEXIST ? -errno : 0;
}

// The rename itself is durable only when its directory is.
static void sync_directory_of(const char *path)
{
	char directory[CP_KEPT_PATH];
	char *slash;
	int fd;

	snprintf(directory, sizeof(directory), "%s", path);
	slash = strrchr(directory, '/');
	if (!slash)
		return;
	slash[slash == directory] = 0;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

int cp_kept_write(const char *path, const char *text)
{
	char real[PATH_MAX], temporary[CP_KEPT_PATH + 8];
	struct stat old;
	int fd, error;

	if (realpath(path, real)) // what a symbolic link leads to is replaced, not the link
		path = real;
	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	unlink(temporary); // of a poised that died in between
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	error = cp_write_all(fd, text, strlen(text));
	if (!error && fsync(fd))
		error = -errno;
	if (!error && stat(path, &old) == 0 &&
	    (fchown(fd, old.st_uid, old.st_gid) || fchmod(fd, old.st_mode & 0777)))
		error = -errno;
	if (close(fd) && !error)
		error = -errno;
	if (!error && rename(temporary, path))
		error = -errno;
	if (error)
		unlink(temporary);
	else
		sync_directory_of(path);
	return error;
}

static bool same(const char *path, const char *text)
{
	size_t length = strlen(text), have = 0;
	FILE *file = fopen(path, "re");
	char *there = file ? malloc(length + 2) : NULL;
	bool equal;

	if (there)
		have = fread(there, 1, length + 1, file);
	equal = there && have == length && !memcmp(there, text, length);
	free(there);
	if (file)
		fclose(file);
	return equal;
}

int cp_kept_running(const char *directory, const char *text)
{
	char running[CP_KEPT_PATH], previous[CP_KEPT_PATH], next[CP_KEPT_PATH];
	int error = cp_kept_directory(directory);

	cp_kept_path(directory, CP_KEPT_RUNNING, running);
	cp_kept_path(directory, CP_KEPT_PREVIOUS, previous);
	if (error)
		return error;
	if (same(running, text))
		return 0;
	error = cp_kept_write(cp_kept_path(directory, "next.conf", next), text);
	if (error) // nothing is lost yet
		return error;
	// A link, not a rename: running.conf is there at every moment.
	unlink(previous);
	if ((link(running, previous) && errno != ENOENT) || rename(next, running))
		error = -errno;
	if (error)
		unlink(next);
	return error;
}

static void boot_of(char boot[BOOT_SIZE])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, boot, BOOT_SIZE - 1);

	boot[length > 0 ? length : 0] = 0;
	boot[strcspn(boot, "\n")] = 0;
	if (fd >= 0)
		close(fd);
}

int cp_kept_trial_write(const char *directory, const char *text, const struct cp_kept_trial *trial)
{
	char path[CP_KEPT_PATH], boot[BOOT_SIZE], *note;
	json_t *object;
	int error;

	boot_of(boot);
	object = json_pack("{ss sI}", "boot", boot, "until_ns", (json_int_t)trial->until_ns);
	note = object ? json_dumps(object, JSON_COMPACT) : NULL;
	error = note ? cp_kept_write(cp_kept_path(directory, CP_KEPT_TRIAL, path), text) : -ENOMEM;
	if (!error) // last: a trial is there when its note is
		error = cp_kept_write(cp_kept_path(directory, CP_KEPT_TRIAL_JSON, path), note);
	free(note);
	json_decref(object);
	return error;
}

int cp_kept_trial_read(const char *directory, struct cp_kept_trial *trial)
{
	char path[CP_KEPT_PATH], boot[BOOT_SIZE];
	const char *theirs;
	json_t *object;
	json_int_t until;
	int error = 0;

	if (access(cp_kept_path(directory, CP_KEPT_TRIAL_JSON, path), F_OK))
		return -ENOENT;
	boot_of(boot);
	object = json_load_file(path, 0, NULL);
	if (!object || json_unpack(object, "{ss sI}", "boot", &theirs, "until_ns", &until) || until <= 0)
		error = -EINVAL;
	else if (strcmp(theirs, boot))
		error = -ESTALE;
	else
		trial->until_ns = (uint64_t)until;
	json_decref(object);
	return error;
}

void cp_kept_trial_remove(const char *directory)
{
	char path[CP_KEPT_PATH];

	unlink(cp_kept_path(directory, CP_KEPT_TRIAL_JSON, path)); // first: without it there is no trial
	unlink(cp_kept_path(directory, CP_KEPT_TRIAL, path));
}

uint64_t cp_kept_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}
