// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The guard: rules in the kernel that keep it from answering what is Poise's, in any moment in which no data path
// takes it. A service address that is also the kernel's would be answered with a reset, one that the kernel routes
// with an ICMP unreachable; and an answer of a backend that goes past Poise makes the client reset a stranger.
// The rules outlive poised. They are in a table of their own and pass everything else.
// See docs/decisions/0011-the-guard.md.
#pragma once

#include "app.h"

enum cp_guard_state {
	CP_GUARD_OFF,	 // not needed
	CP_GUARD_ON,
	CP_GUARD_FAILED, // needed, and not there
};

struct cp_guard_needs {
	bool forwarding; // the kernel routes between the interfaces
	uint32_t *locals; // addresses that the kernel has, network byte order; owned by the caller
	uint32_t locals_count;
};

// Put it in place when it is needed. NULL without memory only.
struct cp_guard *cp_guard_create(struct cp_app *app);

// With `remove` take it away, else leave it.
void cp_guard_destroy(struct cp_guard *guard, bool remove);

// Configuration or addresses may have changed. `guard` may be NULL.
void cp_guard_look(struct cp_guard *guard);
enum cp_guard_state cp_guard_state(const struct cp_guard *guard);

// Read what the kernel has and does. 0 or -errno.
int cp_guard_read_needs(const struct cp_config *config, struct cp_guard_needs *needs);

// The rules as nft reads them, malloc()ed; an empty text when none is needed, NULL without memory. Pure.
char *cp_guard_text(const struct cp_config *config, const struct cp_guard_needs *needs, const char *table);

// "poise" for /run/poise, "poise-INSTANCE" for others.
void cp_guard_table(const char *instance, char *table, size_t size);
