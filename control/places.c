// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *variable;
	const char *beside; // this executable's directory
	const char *installed;
} places[CP_PLACES] = {
	[CP_PLACE_DATAPLANE] = {"POISE_DATAPLANE", "../dataplane/poise-dataplane",
				POISE_SBINDIR "/poise-dataplane"},
	[CP_PLACE_XDP_OBJECT] = {"POISE_BPF_OBJECT", "../bpf/poise_xdp.bpf.o",
				 POISE_LIBDIR "/poise/poise_xdp.bpf.o"},
	[CP_PLACE_SIGNAL_OBJECT] = {"POISE_SIGNAL_OBJECT", "../bpf/poise_signal.bpf.o",
				    POISE_LIBDIR "/poise/poise_signal.bpf.o"},
};

// "directory/name" into `path`, if it is there.
static int try_path(const char *directory, const char *name, char *path, size_t size)
{
	size_t first = strlen(directory), second = strlen(name) + 1;

	if (first + second > size)
		return -ENAMETOOLONG;
	memcpy(path, directory, first);
	memcpy(path + first, name, second);
	return access(path, R_OK) ? -ENOENT : 0;
}

int cp_place_find(enum cp_place place, char *path, size_t size)
{
	const char *named = getenv(places[place].variable);
	char self[4096];
	ssize_t length;
	char *slash;

	if (named)
		return try_path("", named, path, size);
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[length > 0 ? length : 0] = 0;
	slash = strrchr(self, '/');
	if (slash) {
		slash[1] = 0;
		if (!try_path(self, places[place].beside, path, size))
			return 0;
	}
	return try_path("", places[place].installed, path, size);
}
