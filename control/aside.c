// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "aside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpffs.h"
#include "log.h"

int cp_put_aside(const char *path, const char *what, const char *why)
{
	char aside[700];
	int error = -EEXIST;

	for (int attempt = 0; error == -EEXIST && attempt < 100; attempt++) {
		snprintf(aside, sizeof(aside), "%s" CP_BPFFS_ASIDE "%ld-%d", path, (long)time(NULL), attempt);
		if (access(aside, F_OK))
			error = rename(path, aside) ? -errno : 0;
	}
	if (error)
		cp_log(CP_LOG_ERROR, "kept-aside", "%s is refused (%s) and cannot be put aside: %s", path, why,
		       strerror(-error));
	else
		cp_log(CP_LOG_WARNING, "kept-aside",
		       "the %s %s is refused: %s; it is kept as %s until somebody removes it, a new one is made", what,
		       path, why, aside);
	return error;
}
