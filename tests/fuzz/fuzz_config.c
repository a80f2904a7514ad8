// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// libFuzzer: any bytes as a configuration. A config that is taken must compile, and one that is refused must say
// why. Corpus: tests/fixtures/config and configs. Run with ASAN_OPTIONS=detect_leaks=0: libconfig forgets
// strings on syntax errors.
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compile.h"
#include "diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compile(const struct cp_config *config)
{
	static struct poise_snapshot snapshots[2];
	struct cp_topology topology;
	struct cp_report report = {0};
	struct cp_diff diff;

	if (cp_topology_static(config, &topology))
		return;
	for (int i = 0; i < 2; i++) {
		const struct poise_snapshot *previous = i ? &snapshots[0] : NULL;

		if (cp_compile(config, NULL, &topology, previous, NULL, &snapshots[i], &report) ||
		    cp_snapshot_check(&snapshots[i], sizeof(snapshots[i])))
			abort();
	}
	if (!cp_snapshot_same(&snapshots[0], &snapshots[1]))
		abort();
	cp_diff(config, config, &diff);
	if (diff.count)
		abort();
	cp_diff_fini(&diff);
	cp_topology_fini(&topology);
	cp_report_fini(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct cp_report report = {0};
	struct cp_config *config;
	char path[64];

	if (fd < 0)
		fd = memfd_create("config", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config = cp_config_load(path, &report);
	if (!config != (report.count > 0))
		abort();
	if (config)
		compile(config);
	cp_config_free(config);
	cp_report_fini(&report);
	return 0;
}
