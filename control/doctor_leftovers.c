// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What earlier runs left: refused tables, pins, sockets.
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpffs.h"
#include "doctor.h"
#include "wire_io.h"

struct walk {
	struct cp_doctor *doctor;
	const char *directory;
	uint32_t pins;
};

static void aside(struct cp_doctor *doctor, const char *directory, const char *name)
{
	char remedy[256];

	snprintf(remedy, sizeof(remedy), "rm %.100s/%.100s, when nobody wants to look at it", directory,
		 name);
	cp_doctor_add(doctor, CP_DOCTOR_NOTE, "kept table", remedy,
		      "a flow table that was refused takes memory: %.120s", name);
}

static void on_pin(void *context, const char *name)
{
	struct walk *walk = context;

	if (strstr(name, CP_BPFFS_ASIDE))
		aside(walk->doctor, walk->directory, name);
	else
		walk->pins++;
}

static void look_at_pins(struct cp_doctor *doctor)
{
	char directory[256], remedy[256];
	struct walk walk = {.doctor = doctor, .directory = directory};

	if (cp_bpffs_find(doctor->instance, directory, sizeof(directory)))
		return;
	cp_bpffs_each(directory, on_pin, &walk);
	snprintf(remedy, sizeof(remedy), "start poised, or to be rid of it: rm -r %.200s", directory);
	if (walk.pins && !doctor->runs)
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, "pins", remedy,
			      "an earlier run left program and flow table, which the next poised takes over");
}

static void look_at_shared_memory(struct cp_doctor *doctor)
{
	const struct dirent *entry;
	char prefix[160];
	DIR *list = opendir("/dev/shm");

	snprintf(prefix, sizeof(prefix), "poise-%s-flows" CP_BPFFS_ASIDE, doctor->instance);
	while (list && (entry = readdir(list)))
		if (!strncmp(entry->d_name, prefix, strlen(prefix)))
			aside(doctor, "/dev/shm", entry->d_name);
	if (list)
		closedir(list);
}

static void look_at_sockets(struct cp_doctor *doctor)
{
	const char *control = doctor->config->control_socket, *dataplane = doctor->config->dataplane_socket;
	int fd;

	if (doctor->runs)
		return;
	if (!access(control, F_OK))
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, "control socket", NULL,
			      "%s is of a poised that is gone; the next one "
			      "replaces it",
			      control);
	if (access(dataplane, F_OK))
		return;
	fd = cp_wire_connect(dataplane);
	if (fd >= 0) {
		close(fd);
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, "dataplane", "start poised",
			      "one runs without poised: no health "
			      "checks, no new neighbours");
	} else {
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, "dataplane socket", NULL,
			      "%s is of a dataplane that is gone; the next "
			      "one replaces it",
			      dataplane);
	}
}

void cp_doctor_leftovers(struct cp_doctor *doctor)
{
	look_at_pins(doctor);
	look_at_shared_memory(doctor);
	look_at_sockets(doctor);
}
