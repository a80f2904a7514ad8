// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "bpffs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define HOME "/sys/fs/bpf"

static int is_bpffs(const char *path)
{
	struct statfs status;

	return !statfs(path, &status) && (unsigned long)status.f_type == BPF_FS_MAGIC;
}

static pid_t parent_of(pid_t pid)
{
	char path[64], line[512] = "";
	int parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(line, sizeof(line), file) && strrchr(line, ')')) // the name before it may hold anything
		sscanf(strrchr(line, ')'), ") %*c %d", &parent);
	fclose(file);
	return parent;
}

// "ip netns exec" covers /sys with a new sysfs that has no bpffs. Pins must outlive the mount namespace that it
// made, so the one that an ancestor sees is taken. The descriptor keeps the way there, for our life.
static int find_outer(char *path, size_t size)
{
	static int kept = -1;

	if (kept >= 0) {
		snprintf(path, size, "/proc/self/fd/%d", kept);
		return 1;
	}
	for (pid_t pid = getppid(); pid > 0; pid = parent_of(pid)) {
		int fd;

		snprintf(path, size, "/proc/%d/root" HOME, (int)pid);
		if (!is_bpffs(path))
			continue;
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		kept = fd;
		snprintf(path, size, "/proc/self/fd/%d", fd);
		return 1;
	}
	return 0;
}

static int find_root(char *path, size_t size)
{
	if (!is_bpffs(HOME) && find_outer(path, size))
		return 0;
	if (!is_bpffs(HOME) && mount("bpffs", HOME, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return -errno;
	snprintf(path, size, "%s", HOME);
	return 0;
}

int cp_bpffs_open(const char *instance, char *path, size_t size)
{
	char root[64];
	int error = find_root(root, sizeof(root));

	if (error)
		return error;
	if (snprintf(path, size, "%s/poise/%s", root, instance) >= (int)size)
		return -ENAMETOOLONG;
	path[strlen(root) + strlen("/poise")] = 0;
	if (mkdir(path, 0755) && errno != EEXIST)
		return -errno;
	path[strlen(root) + strlen("/poise")] = '/';
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

bool cp_bpffs_present(void)
{
	char root[64];

	return is_bpffs(HOME) || find_outer(root, sizeof(root));
}

int cp_bpffs_find(const char *instance, char *path, size_t size)
{
	char root[64] = HOME;

	if (!is_bpffs(HOME) && !find_outer(root, sizeof(root)))
		return -ENOENT;
	if (snprintf(path, size, "%s/poise/%s", root, instance) >= (int)size)
		return -ENAMETOOLONG;
	return access(path, F_OK) ? -errno : 0;
}

void cp_bpffs_unpin(const char *directory, const char *name)
{
	char path[512];

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) < (int)sizeof(path))
		unlink(path);
}

void cp_bpffs_each(const char *directory, void (*each)(void *context, const char *name), void *context)
{
	const struct dirent *entry;
	DIR *list = opendir(directory);

	while (list && (entry = readdir(list)))
		if (entry->d_name[0] != '.')
			each(context, entry->d_name);
	if (list)
		closedir(list);
}

static void unpin_one(void *context, const char *name)
{
	const char *directory = context;

	if (!strstr(name, CP_BPFFS_ASIDE)) // kept for somebody to look at
		cp_bpffs_unpin(directory, name);
}

void cp_bpffs_close(const char *directory)
{
	char parent[512];
	char *slash;

	cp_bpffs_each(directory, unpin_one, (void *)(uintptr_t)directory);
	rmdir(directory);
	snprintf(parent, sizeof(parent), "%s", directory);
	slash = strrchr(parent, '/');
	if (slash) {
		*slash = 0;
		rmdir(parent); // only when no other instance is there
	}
}
