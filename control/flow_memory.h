// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The memory of the flow table. It is a pinned BPF array map where that can be had, else a named file of
// shared memory; both outlive poised and the dataplane, and are taken up again with the flows in them.
#pragma once

#include "app.h"

// `pins` is the instance's directory on a bpffs, or NULL; with `need_map` nothing but a BPF map will do.
// Returns 0 or -errno.
int cp_flow_memory_open(struct cp_flow_memory *flows, const char *pins, const char *instance,
			uint32_t max_flows, bool need_map);

// A writable mapping of the same memory, for sync_write.c alone; NULL with errno set. *flows says how large it is.
void *cp_flow_memory_writable(const struct cp_flow_memory *flows);
void cp_flow_memory_unmap(const struct cp_flow_memory *flows, void *base);

// Unmap and close. With `remove` the table goes as soon as the dataplane lets go of it too.
void cp_flow_memory_close(struct cp_flow_memory *flows, const char *pins, const char *instance, bool remove);
