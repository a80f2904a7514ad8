// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "flow_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "aside.h"
#include "bpffs.h"

#define PIN "flows"

static size_t whole_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

static void shared_name(const char *instance, char *name, size_t size)
{
	snprintf(name, size, "/poise-%.200s-flows", instance);
}

// Map read-only and attach. Returns NULL or what is wrong.
static const char *attach(struct cp_flow_memory *flows, int fd, size_t bytes, bool bpf)
{
	const char *why;
	void *base;

	if (!bytes)
		return "empty";
	base = mmap(NULL, whole_pages(bytes), PROT_READ, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return "cannot be mapped";
	why = poise_table_attach(&flows->table, base, bytes);
	if (why) {
		munmap(base, whole_pages(bytes));
		return why;
	}
	flows->fd = fd;
	flows->bpf = bpf;
	flows->base = base;
	flows->bytes = bytes;
	return NULL;
}

// Lay a table out in fresh zeroed memory behind `fd`, then keep a read-only view.
static int format(struct cp_flow_memory *flows, int fd, size_t bytes, uint32_t max_flows, bool bpf)
{
	void *base = mmap(NULL, whole_pages(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	__u64 seed[2];

	if (base == MAP_FAILED)
		return -errno;
	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed)) {
		munmap(base, whole_pages(bytes));
		return -EIO;
	}
	poise_table_format(&flows->table, base, max_flows, seed);
	munmap(base, whole_pages(bytes));
	return attach(flows, fd, bytes, bpf) ? -EIO : 0;
}

static int adopt_map(struct cp_flow_memory *flows, const char *path)
{
	struct bpf_map_info info = {0};
	__u32 length = sizeof(info);
	const char *why;
	int error, fd = bpf_obj_get(path);

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &length) || info.type != BPF_MAP_TYPE_ARRAY ||
	    info.value_size != POISE_LINE_SIZE || !(info.map_flags & BPF_F_MMAPABLE))
		why = "not a flow table";
	else
		why = attach(flows, fd, (size_t)info.max_entries * POISE_LINE_SIZE, true);
	if (!why)
		return 0;
	close(fd);
	error = cp_put_aside(path, "flow table", why);
	return error ? error : -ENOENT;
}

static int create_map(struct cp_flow_memory *flows, const char *path, uint32_t max_flows)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	struct poise_table table = {0};
	__u32 lines = poise_table_layout(&table, max_flows);
	int error, fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "poise_flows", sizeof(__u32), POISE_LINE_SIZE, lines,
				       &options);

	if (fd < 0)
		return fd;
	error = format(flows, fd, (size_t)lines * POISE_LINE_SIZE, max_flows, true);
	if (!error && bpf_obj_pin(fd, path))
		error = -errno;
	if (error) {
		if (flows->fd < 0)
			close(fd);
		cp_flow_memory_close(flows, NULL, NULL, false);
	}
	return error;
}

static int open_shared(struct cp_flow_memory *flows, const char *name, uint32_t max_flows)
{
	struct poise_table table = {0};
	size_t bytes = (size_t)poise_table_layout(&table, max_flows) * POISE_LINE_SIZE;
	int error, fd = shm_open(name, O_RDWR | O_CLOEXEC, 0);
	char path[640];
	struct stat status;

	if (fd >= 0) {
		const char *why = fstat(fd, &status) ? "cannot be read"
						     : attach(flows, fd, (size_t)status.st_size, false);

		flows->adopted = !why;
		if (!why)
			return 0;
		close(fd);
		snprintf(path, sizeof(path), "/dev/shm%s", name);
		error = cp_put_aside(path, "flow table", why);
		if (error)
			return error;
	}
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) // no /dev/shm: a table without a name does not outlive poised, but works
		fd = memfd_create("poise-flows", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = ftruncate(fd, (off_t)whole_pages(bytes)) ? -errno : format(flows, fd, bytes, max_flows, false);
	if (error) {
		close(fd);
		shm_unlink(name);
	}
	return error;
}

int cp_flow_memory_open(struct cp_flow_memory *flows, const char *pins, const char *instance,
			uint32_t max_flows, bool need_map)
{
	char path[600];
	int error = -ENOENT;

	memset(flows, 0, sizeof(*flows));
	flows->fd = -1;
	if (pins) {
		snprintf(path, sizeof(path), "%s/" PIN, pins);
		error = adopt_map(flows, path);
		flows->adopted = !error;
		if (error == -ENOENT)
			error = create_map(flows, path, max_flows);
	}
	if (!error || need_map)
		return error;
	shared_name(instance, path, sizeof(path));
	return open_shared(flows, path, max_flows);
}

void *cp_flow_memory_writable(const struct cp_flow_memory *flows)
{
	void *base = mmap(NULL, whole_pages(flows->bytes), PROT_READ | PROT_WRITE, MAP_SHARED, flows->fd, 0);

	return base == MAP_FAILED ? NULL : base;
}

void cp_flow_memory_unmap(const struct cp_flow_memory *flows, void *base)
{
	if (base)
		munmap(base, whole_pages(flows->bytes));
}

void cp_flow_memory_close(struct cp_flow_memory *flows, const char *pins, const char *instance, bool remove)
{
	char name[300];

	if (flows->base)
		munmap(flows->base, whole_pages(flows->bytes));
	if (flows->fd >= 0)
		close(flows->fd);
	if (remove && flows->bpf && pins) {
		cp_bpffs_unpin(pins, PIN);
	} else if (remove && flows->fd >= 0 && !flows->bpf) {
		shared_name(instance, name, sizeof(name));
		shm_unlink(name);
	}
	memset(flows, 0, sizeof(*flows));
	flows->fd = -1;
}
