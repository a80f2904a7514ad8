// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "bpffs.h"

#include <errno.h>
#include <linux/magic.h>
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

static const char *find_root(void)
{
	// "ip netns exec" covers /sys with a new sysfs that has no bpffs. The first process still sees the one
	// of the host, and pins must outlive the mount namespace that hides it.
	static const char outer[] = "/proc/1/root" HOME;

	if (is_bpffs(HOME))
		return HOME;
	if (is_bpffs(outer))
		return outer;
	if (!mount("bpffs", HOME, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return HOME;
	return NULL;
}

int cp_bpffs_open(const char *instance, char *path, size_t size)
{
	const char *root = find_root();

	if (!root)
		return -ENOENT;
	if (snprintf(path, size, "%s/poise/%s", root, instance) >= (int)size)
		return -ENAMETOOLONG;
	path[strlen(root) + strlen("/poise")] = 0;
	if (mkdir(path, 0755) && errno != EEXIST)
		return -errno;
	path[strlen(root) + strlen("/poise")] = '/';
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

void cp_bpffs_unpin(const char *directory, const char *name)
{
	char path[512];

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) < (int)sizeof(path))
		unlink(path);
}

void cp_bpffs_close(const char *directory)
{
	char parent[512];
	char *slash;

	rmdir(directory);
	snprintf(parent, sizeof(parent), "%s", directory);
	slash = strrchr(parent, '/');
	if (slash) {
		*slash = 0;
		rmdir(parent); // only when no other instance is there
	}
}
