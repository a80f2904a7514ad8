// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The dataplane's own objects, set up in a process of the bench: same ports, table, workers and loop as
// poise-dataplane. With one lcore the caller turns the worker by itself, with more each lcore runs one.
#pragma once

#include <pthread.h>

#include "../dataplane/dataplane.h"

struct rig {
	struct dp_dataplane dataplane;
	struct dp_worker *worker; // the first
};

// EAL with argv up to "--"; returns the place of "--". Ends the process with a line when it fails, as all
// here.
int rig_eal(int argc, char **argv);

// The dataplane with `snapshot` and a table for `max_flows`. `table`: thp (memory of
// our own, huge pages if the kernel gives them) or bpf (a mmapable BPF map, as in production).
void rig_start(struct rig *rig, const char *snapshot, uint32_t max_flows, const char *table, uint32_t mbufs);

// Cut a line into words; returns how many. Entries behind are NULL.
uint32_t rig_words(char *line, char **words, uint32_t most);

// Call about ten times a second while the worker turns.
void rig_tend(struct rig *rig);

// Packets by fate, all workers; fates[] has POISE_COUNTERS entries.
void rig_count(const struct rig *rig, unsigned long long *received, unsigned long long *sent,
	       unsigned long long *fates);

// Processor time of the calling thread, of the whole process.
unsigned long long rig_thread_ns(void);
unsigned long long rig_process_ns(void);
unsigned long long rig_now_ns(void);

// A thread that never was on another processor than this one. One that inherits its creator's processor and then moves
// needs that for a moment, and does not get it from a creator that is in a hurry.
void rig_thread(pthread_t *thread, uint32_t processor, void *(*body)(void *), void *argument);

// The calling thread before all others of its processor, and back. For runs below half a second, after which
// it waits for a command: the kernel gives others their share of a second, so nothing starves.
void rig_hurry(bool hurry);

void rig_die(const char *what, const char *why);
