// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "eal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compile.h"
#include "log.h"

// Packet buffers and EAL's own needs; with less in huge pages the dataplane would fail half way.
#define MEMORY_MB 512
#define MEMORY_PORT_MB 64 // for each queue

static uint64_t read_number(const char *path)
{
	unsigned long long value = 0;
	FILE *file = fopen(path, "re");

	if (!file)
		return 0;
	if (fscanf(file, "%llu", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

int cp_host_read(struct cp_host *host)
{
	static const char root[] = "/sys/kernel/mm/hugepages";
	const struct dirent *entry;
	unsigned long long kilobytes;
	char path[400];
	DIR *directory;

	memset(host, 0, sizeof(*host));
	if (sched_getaffinity(0, sizeof(host->cpus), &host->cpus))
		return -errno;
	directory = opendir(root);
	while (directory && (entry = readdir(directory))) {
		if (sscanf(entry->d_name, "hugepages-%llukB", &kilobytes) != 1)
			continue;
		snprintf(path, sizeof(path), "%s/%s/free_hugepages", root, entry->d_name);
		host->huge_bytes += read_number(path) * kilobytes * 1024;
	}
	if (directory)
		closedir(directory);
	return 0;
}

__attribute__((format(printf, 2, 3))) static void add(struct cp_arguments *arguments, const char *format, ...)
{
	va_list list;
	char *text;

	va_start(list, format);
	if (vasprintf(&text, format, list) < 0)
		text = NULL;
	va_end(list);
	if (!text || arguments->count == CP_EAL_ARGUMENTS) {
		free(text);
		arguments->failed = true;
		return;
	}
	arguments->items[arguments->count++] = text;
}

// CPUs of the config's list ("1,3-4") or, without one, all that may be used. Returns how many.
static uint32_t worker_cpus(const struct cp_config *config, const struct cp_host *host, int *cpus)
{
	const char *text = config->dataplane.cores;
	uint32_t count = 0;

	if (!text) {
		for (int cpu = 0; cpu < CPU_SETSIZE && count < CPU_SETSIZE; cpu++)
			if (CPU_ISSET(cpu, &host->cpus))
				cpus[count++] = cpu;
		// The first is for cold work while there are enough others.
		if (count > 1) {
			int first = cpus[0];

			memmove(cpus, cpus + 1, (count - 1) * sizeof(*cpus));
			cpus[count - 1] = first;
		}
		return count;
	}
	while (*text) {
		char *end;
		long first = strtol(text, &end, 10), last = first;

		if (end != text && *end == '-')
			last = strtol(end + 1, &end, 10);
		for (long cpu = first; cpu >= 0 && cpu <= last && cpu < CPU_SETSIZE && count < CPU_SETSIZE; cpu++)
			cpus[count++] = (int)cpu;
		text = *end ? end + 1 : end;
	}
	return count;
}

// The first usable CPU that no worker has, else the first one.
static int main_cpu(const struct cp_host *host, const int *workers, uint32_t workers_count)
{
	int first = -1;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		bool taken = false;

		if (!CPU_ISSET(cpu, &host->cpus))
			continue;
		if (first < 0)
			first = cpu;
		for (uint32_t i = 0; i < workers_count; i++)
			taken |= workers[i] == cpu;
		if (!taken)
			return cpu;
	}
	return first < 0 ? 0 : first;
}

// "0@0,1@1,2@1": lcore 0 does the cold work, the others are workers; several may share a CPU.
static void add_lcores(const struct cp_config *config, const struct cp_host *host, struct cp_arguments *arguments)
{
	int cpus[CPU_SETSIZE];
	uint32_t count = worker_cpus(config, host, cpus), workers = config->dataplane.workers;
	char text[16 * (POISE_MAX_WORKERS + 1)];
	int used;

	if (!count)
		cpus[count++] = 0;
	used = snprintf(text, sizeof(text), "0@%d",
			main_cpu(host, cpus, count < workers ? count : workers));
	for (uint32_t i = 0; i < workers && i < POISE_MAX_WORKERS; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, ",%u@%d", i + 1, cpus[i % count]);
	add(arguments, "--lcores=%s", text);
}

static void add_devices(const struct cp_config *config, struct cp_arguments *arguments)
{
	for (uint32_t i = 0; i < config->ports_count; i++) {
		const struct cp_port *port = &config->ports[i];
		char device[POISE_DEVICE_SIZE];

		cp_port_device(config, i, device);
		if (config->dataplane.mode == CP_NIC_VDEV) {
			add(arguments, "--vdev=%s", port->vdev);
			continue;
		}
		// One device a queue: the driver believes a veth to have one queue alone.
		for (uint32_t queue = 0; queue < port->queues; queue++) {
			char suffix[16] = "";

			if (queue)
				snprintf(suffix, sizeof(suffix), "_%u", queue);
			add(arguments, "--vdev=%s%s,iface=%s,start_queue=%u,queue_count=1,busy_budget=0", device,
			    suffix, port->interface, queue);
		}
	}
}

static bool wants_no_huge(const struct cp_config *config)
{
	for (uint32_t i = 0; i < config->dataplane.eal_count; i++)
		if (!strcmp(config->dataplane.eal[i], "--no-huge"))
			return true;
	return false;
}

uint64_t cp_eal_memory_mb(const struct cp_config *config)
{
	uint64_t need = MEMORY_MB;

	for (uint32_t i = 0; i < config->ports_count; i++)
		need += (uint64_t)MEMORY_PORT_MB * config->ports[i].queues;
	return need;
}

static void add_memory(const struct cp_config *config, const struct cp_host *host, struct cp_arguments *arguments)
{
	uint64_t need = cp_eal_memory_mb(config);

	if (host->huge_bytes >> 20 >= need && !wants_no_huge(config)) {
		add(arguments, "--in-memory"); // no files on hugetlbfs to be left behind
		return;
	}
	add(arguments, "--no-huge");
	add(arguments, "--no-shconf");
	add(arguments, "-m");
	add(arguments, "%llu", (unsigned long long)need);
}

int cp_eal_arguments(const struct cp_config *config, const struct cp_host *host, const char *program,
		     const char *instance, struct cp_arguments *arguments)
{
	memset(arguments, 0, sizeof(*arguments));
	add(arguments, "%s", program);
	add_lcores(config, host, arguments);
	add(arguments, "--file-prefix=poise-%s", instance);
	add(arguments, "--iova-mode=va");
	add(arguments, "--no-pci");
	add(arguments, "--no-telemetry");
	add_memory(config, host, arguments);
	add_devices(config, arguments);
	for (uint32_t i = 0; i < config->dataplane.eal_count; i++)
		add(arguments, "%s", config->dataplane.eal[i]);
	add(arguments, "--");
	if (cp_log_is_json()) {
		add(arguments, "--log-format");
		add(arguments, "json");
	}
	add(arguments, "--control");
	add(arguments, "%s", config->dataplane_socket);
	add(arguments, "--mode");
	add(arguments, "%s", cp_nic_mode_name(config->dataplane.mode));
	add(arguments, "--idle");
	add(arguments, "%s", config->dataplane.idle == CP_IDLE_POLL ? "poll" : "adaptive");
	if (!arguments->failed)
		return 0;
	cp_arguments_fini(arguments);
	return -ENOMEM;
}

void cp_eal_cleanup(const char *instance)
{
	char path[300];

	snprintf(path, sizeof(path), "/var/run/dpdk/poise-%s", instance);
	rmdir(path); // nothing is in it: neither shared memory nor telemetry
}

void cp_arguments_fini(struct cp_arguments *arguments)
{
	for (uint32_t i = 0; i < arguments->count; i++)
		free(arguments->items[i]);
	memset(arguments, 0, sizeof(*arguments));
}
