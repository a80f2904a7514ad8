// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The memory of a flow table as poised makes it: a mmapable BPF array, one line a value.
#pragma once

#include <linux/bpf.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <poise/table.h>

// Returns a descriptor, or -1 with errno.
static inline int flow_map_create(uint32_t lines)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = POISE_LINE_SIZE,
		.max_entries = lines,
		.map_flags = BPF_F_MMAPABLE,
	};

	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}
