// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The command line of poise-dataplane, derived from the config and the host. Pure but for cp_host_read().
#pragma once

#include <sched.h>

#include "config.h"

#define CP_EAL_ARGUMENTS 192

struct cp_host {
	cpu_set_t cpus;	     // this process may use
	uint64_t huge_bytes; // free huge pages
};

struct cp_arguments {
	char *items[CP_EAL_ARGUMENTS + 1]; // owned, NULL terminated
	uint32_t count;
	bool failed; // out of memory or too many
};

int cp_host_read(struct cp_host *host);

// Fill *arguments (zeroed here; free with cp_arguments_fini()). `program` becomes the first one, `instance` the
// EAL file prefix. 0 or -ENOMEM.
int cp_eal_arguments(const struct cp_config *config, const struct cp_host *host, const char *program,
		     const char *instance, struct cp_arguments *arguments);
// What the dataplane wants in huge pages, in MiB.
uint64_t cp_eal_memory_mb(const struct cp_config *config);

// Remove the directory that EAL makes for a file prefix and leaves behind.
void cp_eal_cleanup(const char *instance);

void cp_arguments_fini(struct cp_arguments *arguments);
