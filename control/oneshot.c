// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "oneshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "interfaces.h"
#include "log.h"
#include "snapshot_file.h"
#include "sync.h"
#include "states.h"

// The config as a snapshot in which every backend is healthy and only the config's neighbors are known.
static struct poise_snapshot *compile(const struct cp_config *config, struct cp_report *report)
{
	struct poise_snapshot *snapshot = malloc(sizeof(*snapshot));
	struct cp_topology topology = {0};
	struct cp_states states = {0};
	int error = -1;

	if (!snapshot || cp_states_sync(&states, config, true) || cp_topology_static(config, &topology))
		cp_report_add(report, config->file, 0, "out of memory");
	else
		error = cp_compile(config, &states, &topology, NULL, NULL, snapshot, report);
	cp_topology_fini(&topology);
	cp_states_fini(&states);
	if (error) {
		free(snapshot);
		return NULL;
	}
	return snapshot;
}

int cp_oneshot_check(const char *file)
{
	struct cp_report report = {0};
	struct cp_config *config = cp_config_load(file, &report);
	int status = 1;

	if (config && !cp_interfaces_check(config, &report) && !cp_sync_check(config, &report)) {
		struct poise_snapshot *snapshot = compile(config, &report); // limits are seen only here

		if (snapshot) {
			printf("%s: OK, %u services on %u ports\n", file, config->services_count,
			       config->ports_count);
			status = 0;
		}
		free(snapshot);
	}
	cp_log_report("config", &report);
	cp_report_fini(&report);
	cp_config_free(config);
	return status;
}

int cp_oneshot_compile(const char *file, const char *out)
{
	struct cp_report report = {0};
	struct cp_config *config = cp_config_load(file, &report);
	struct poise_snapshot *snapshot = config ? compile(config, &report) : NULL;
	int error = -1;

	if (snapshot) {
		error = cp_snapshot_save(snapshot, out);
		if (error)
			cp_report_add(&report, out, 0, "cannot be written: %s", strerror(-error));
	}
	cp_log_report("config", &report);
	cp_report_fini(&report);
	free(snapshot);
	cp_config_free(config);
	return error ? 1 : 0;
}
