// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Kernel, privileges, memory, processors, programs.
#include <errno.h>
#include <poise/table_setup.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "doctor.h"
#include "eal.h"
#include "places.h"

#define NEEDED_MAJOR 5u // bpf_ktime_get_coarse_ns(), which the XDP program calls, came with 5.11
#define NEEDED_MINOR 11u

static void look_at_kernel(struct cp_doctor *doctor)
{
	struct utsname name;
	unsigned major = 0, minor = 0;
	bool old;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return;
	old = major < NEEDED_MAJOR || (major == NEEDED_MAJOR && minor < NEEDED_MINOR);
	if (old && cp_nic_mode_kernel(doctor->config->dataplane.mode))
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, "kernel", "boot a newer one", "%s is older than %u.%u",
			      name.release, NEEDED_MAJOR, NEEDED_MINOR);
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, "kernel", NULL, "%s", name.release);
}

// The value behind "NAME:" of a file of /proc, in the base given; 0 when it is not there.
static uint64_t proc_value(const char *path, const char *name, int base)
{
	char line[256];
	uint64_t value = 0;
	FILE *file = fopen(path, "re");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = strtoull(line + strlen(name) + 1, NULL, base);
	if (file)
		fclose(file);
	return value;
}

static void look_at_privileges(struct cp_doctor *doctor)
{
	const uint64_t net_admin = 1ull << 12, net_raw = 1ull << 13, sys_admin = 1ull << 21;
	uint64_t missing = (net_admin | net_raw | sys_admin) & ~proc_value("/proc/self/status", "CapEff", 16);

	if (!cp_nic_mode_kernel(doctor->config->dataplane.mode))
		return;
	if (missing)
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, "privileges", "run it as root", "missing:%s%s%s",
			      missing & net_admin ? " CAP_NET_ADMIN" : "",
			      missing & net_raw ? " CAP_NET_RAW" : "",
			      missing & sys_admin ? " CAP_SYS_ADMIN" : "");
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, "privileges", NULL,
			      "interfaces and BPF are open to this process");
}

static void look_at_memory(struct cp_doctor *doctor)
{
	uint64_t free_mb = proc_value("/proc/meminfo", "MemAvailable", 10) >> 10;
	struct poise_table table = {0};
	uint64_t need_mb = ((uint64_t)poise_table_layout(&table, doctor->config->dataplane.max_flows) *
			    POISE_LINE_SIZE) >>
			   20;

	if (doctor->runs)
		cp_doctor_add(doctor, CP_DOCTOR_OK, "memory", NULL, "%llu MiB available",
			      (unsigned long long)free_mb);
	else if (need_mb + 64 > free_mb)
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, "memory", "lower dataplane.max_flows",
			      "the flow table wants %llu MiB, %llu MiB are available",
			      (unsigned long long)need_mb, (unsigned long long)free_mb);
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, "memory", NULL,
			      "%llu MiB available, %llu for the flow table", (unsigned long long)free_mb,
			      (unsigned long long)need_mb);
}

static void look_at_huge_pages(struct cp_doctor *doctor, const struct cp_host *host)
{
	uint64_t need_mb = cp_eal_memory_mb(doctor->config), free_mb = host->huge_bytes >> 20;
	char remedy[80];

	if (doctor->app && doctor->app->dataplane.state == CP_DATAPLANE_RUNNING)
		return; // it has what it has
	snprintf(remedy, sizeof(remedy), "sysctl vm.nr_hugepages=%llu",
		 (unsigned long long)(need_mb + 1) / 2);
	if (free_mb < need_mb)
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, "huge pages", remedy,
			      "%llu MiB free of %llu wanted: the dataplane takes ordinary pages",
			      (unsigned long long)free_mb, (unsigned long long)need_mb);
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, "huge pages", NULL, "%llu MiB free, %llu wanted",
			      (unsigned long long)free_mb, (unsigned long long)need_mb);
}

static void look_at_cores(struct cp_doctor *doctor, const struct cp_host *host)
{
	uint32_t workers = doctor->config->dataplane.workers, cpus = (uint32_t)CPU_COUNT(&host->cpus);

	if (workers > cpus)
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, "processors", "lower dataplane.workers",
			      "%u workers share %u processors", workers, cpus);
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, "processors", NULL, "%u for %u worker%s", cpus, workers,
			      workers == 1 ? "" : "s");
}

static void look_at_program(struct cp_doctor *doctor, enum cp_place place, const char *subject,
			    const char *variable)
{
	char path[4096], remedy[80];

	if (!cp_place_find(place, path, sizeof(path))) {
		cp_doctor_add(doctor, CP_DOCTOR_OK, subject, NULL, "%.200s", path);
		return;
	}
	snprintf(remedy, sizeof(remedy), "install it, or name it with %s", variable);
	cp_doctor_add(doctor, CP_DOCTOR_WRONG, subject, remedy, "there is no %.200s", path);
}

void cp_doctor_host(struct cp_doctor *doctor)
{
	const struct cp_dataplane *dataplane = &doctor->config->dataplane;
	struct cp_host host;

	look_at_kernel(doctor);
	look_at_privileges(doctor);
	look_at_memory(doctor);
	if (cp_nic_mode_dataplane(dataplane->mode) && !cp_host_read(&host)) {
		look_at_huge_pages(doctor, &host);
		look_at_cores(doctor, &host);
		if (dataplane->spawn)
			look_at_program(doctor, CP_PLACE_DATAPLANE, "poise-dataplane", "POISE_DATAPLANE");
	}
	if (cp_nic_mode_kernel(dataplane->mode))
		look_at_program(doctor, CP_PLACE_XDP_OBJECT, "XDP object", "POISE_BPF_OBJECT");
}
