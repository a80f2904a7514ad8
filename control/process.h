// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Another process, held by a pidfd: its end is an event, and a signal never hits a stranger that got its number.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <event2/event.h>

struct cp_process;

// `status` is that of waitpid(2) for a child, -1 for a process that is not ours. The process is to be freed by
// the callback or later.
typedef void (*cp_process_gone)(void *context, int status);

// Watch `pid`; NULL when there is no such process (or no memory).
struct cp_process *cp_process_watch(struct event_base *base, pid_t pid, bool child, cp_process_gone gone,
				    void *context);
void cp_process_free(struct cp_process *process);

pid_t cp_process_pid(const struct cp_process *process);
bool cp_process_child(const struct cp_process *process);
void cp_process_signal(struct cp_process *process, int number);
