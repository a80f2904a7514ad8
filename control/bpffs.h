// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Where pins live, so that maps and the XDP attachment outlive poised.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define CP_BPFFS_ASIDE "-aside-" // in the name of a pin that was refused and kept

// Find a bpffs (or mount one on /sys/fs/bpf) and make poise/<instance> on it. Returns 0 with the directory in
// `path`, or -errno: no BPF for this process.
int cp_bpffs_open(const char *instance, char *path, size_t size);

// Is there one that cp_bpffs_open() would take as it is?
bool cp_bpffs_present(void);

// The directory of an instance, if it is there; makes nothing. 0 or -errno.
int cp_bpffs_find(const char *instance, char *path, size_t size);

// Remove one pin; nothing happens when it is not there.
void cp_bpffs_unpin(const char *directory, const char *name);

// Call `each` for the name of every pin in the directory; it may remove that pin.
void cp_bpffs_each(const char *directory, void (*each)(void *context, const char *name), void *context);

// Remove every pin that is left but those put aside, and the directory when it is empty then.
void cp_bpffs_close(const char *directory);
