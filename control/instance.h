// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// One poised a directory of the control socket: everything it makes carries a name derived from there, and a
// lock keeps a second one out.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Directory part of a socket path into `directory`; "." when there is none. 0 or -ENAMETOOLONG.
int cp_instance_directory(const char *socket, char *directory, size_t size);

// "/run/poise" becomes "run-poise": letters, digits, '-' and '_' only, since bpffs refuses dots.
void cp_instance_name(const char *directory, char *name, size_t size);

// Make the directory (parents too) and take the lock of poised.lock in it, and a name of it in the network
// namespace: a second poised is refused there also when somebody removed the file. Returns the descriptor that
// holds the lock for the life of the process; -EBUSY when another poised has it, with its pid in *holder (0
// unknown); -errno.
int cp_instance_lock(const char *directory, int *holder);

// Does a poised hold the lock?
bool cp_instance_runs(const char *directory);

// Remove the lock file and let go of it.
void cp_instance_unlock(const char *directory, int lock);
