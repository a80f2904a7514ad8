// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A program of the operator's that runs without rights: another user, no other groups, nothing to gain by setuid
// programs, no descriptors but its output, an environment of its own, a process group that ends as a whole.
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct cp_command {
	pid_t pid; // also of its process group
	int pidfd; // readable when the program has ended; it is not reaped until cp_command_end()
	int output; // what it says on stdout and stderr; does not wait
};

// Start `words` as user `uid` and group `gid`. Returns 0 or -errno; then nothing is left behind.
int cp_command_start(char *const *words, uint32_t uid, uint32_t gid, char *const *environment,
		     struct cp_command *command);

// Kill whatever of its group lives, close and reap. Returns the status of waitpid(2), or -1 when the program could not
// be killed within some milliseconds (it waits for a disk): init reaps it after poised. `command` is over either way.
int cp_command_end(struct cp_command *command);
