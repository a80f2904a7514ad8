// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// How often the kernel interrupted a processor, by its own count. What the host does below it is not in there.
#pragma once

#include <stdint.h>

struct interrupts {
	int fd;
	uint32_t processor;
};

// Ends the process with a line when the kernel does not count.
void interrupts_open(struct interrupts *interrupts, uint32_t processor);

// All of that processor since the system's start: devices, timer, calls of other processors.
uint64_t interrupts_read(const struct interrupts *interrupts);
