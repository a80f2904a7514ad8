// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See rig.h.
#include "rig.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "flow_map.h"

void rig_die(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(1);
}

static unsigned long long clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (unsigned long long)now.tv_sec * 1000000000ull + (unsigned long long)now.tv_nsec;
}

unsigned long long rig_thread_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

unsigned long long rig_process_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

unsigned long long rig_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

void rig_hurry(bool hurry)
{
	const struct sched_param first = {.sched_priority = hurry ? 1 : 0};

	if (sched_setscheduler(0, hurry ? SCHED_FIFO : SCHED_OTHER, &first))
		rig_die("priority", strerror(errno));
}

void rig_thread(pthread_t *thread, uint32_t processor, void *(*body)(void *), void *argument)
{
	pthread_attr_t attributes;
	cpu_set_t processors;
	int code;

	CPU_ZERO(&processors);
	CPU_SET(processor, &processors);
	pthread_attr_init(&attributes);
	code = pthread_attr_setaffinity_np(&attributes, sizeof(processors), &processors);
	if (!code)
		code = pthread_create(thread, &attributes, body, argument);
	if (code)
		rig_die("thread", strerror(code));
	pthread_attr_destroy(&attributes);
}

// What poised makes: a mmapable array of lines.
static int map_bpf_table(struct dp_dataplane *dataplane, uint32_t max_flows, struct dp_error *error)
{
	struct poise_table table = {0};
	uint32_t lines = poise_table_layout(&table, max_flows);
	size_t page = (size_t)sysconf(_SC_PAGESIZE),
	       bytes = ((size_t)lines * POISE_LINE_SIZE + page - 1) & ~(page - 1);
	int fd = flow_map_create(lines);
	__u64 seed[2];
	void *base;

	if (fd < 0 || getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		return dp_fail(error, -errno, "BPF map: %s", strerror(errno));
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return dp_fail(error, -errno, "BPF map: %s", strerror(errno));
	poise_table_format(&table, base, max_flows, seed);
	munmap(base, bytes);
	return dp_dataplane_map_table(dataplane, fd, bytes, error);
}

int rig_eal(int argc, char **argv)
{
	int split = 1;

	while (split < argc && strcmp(argv[split], "--"))
		split++;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (rte_eal_init(split, argv) < 0)
		rig_die("DPDK", rte_strerror(rte_errno));
	return split;
}

uint32_t rig_words(char *line, char **words, uint32_t most)
{
	char *rest = NULL, *word = strtok_r(line, " \n", &rest);
	uint32_t count = 0;

	for (uint32_t i = 0; i < most; i++) {
		words[i] = word;
		count += word != NULL;
		word = word ? strtok_r(NULL, " \n", &rest) : NULL;
	}
	return count;
}

void rig_start(struct rig *rig, const char *path, uint32_t max_flows, const char *table, uint32_t mbufs)
{
	struct dp_dataplane *dataplane = &rig->dataplane;
	struct poise_snapshot *snapshot;
	struct dp_error error = {.text = ""};
	bool fatal;
	int code;

	dataplane->options =
		(struct dp_options){.max_flows = max_flows, .handoff_size = 2048, .mbufs = mbufs};
	code = dp_snapshot_load(path, &snapshot, &error);
	if (!code)
		code = dp_dataplane_init(dataplane, &error);
	if (!code && !strcmp(table, "bpf"))
		code = map_bpf_table(dataplane, max_flows, &error);
	else if (!code)
		code = dp_dataplane_create_table(dataplane, &error);
	if (!code)
		code = dp_dataplane_use(dataplane, snapshot, &fatal, &error);
	if (code)
		rig_die("dataplane", error.text);
	// As the pages of a BPF map are: made before the first packet comes.
	if (madvise(dataplane->memory.base, dataplane->memory.bytes, MADV_POPULATE_WRITE) && errno == ENOMEM)
		rig_die("flow table", strerror(errno));
	rig->worker = dataplane->workers[0];
}

void rig_tend(struct rig *rig)
{
	dp_dataplane_sync(&rig->dataplane);
}

void rig_count(const struct rig *rig, unsigned long long *received, unsigned long long *sent,
	       unsigned long long *fates)
{
	const struct poise_stats *page = rig->dataplane.stats.page;

	*received = dp_stats_received(&rig->dataplane.stats);
	*sent = 0;
	for (uint32_t w = 0; w < page->workers; w++)
		for (uint32_t port = 0; port < POISE_MAX_PORTS; port++)
			*sent += POISE_LOAD(page->worker[w].ports[port].tx_packets);
	for (uint32_t c = 0; c < POISE_COUNTERS; c++)
		fates[c] = dp_stats_counter(&rig->dataplane.stats, (enum poise_verdict)c);
}
