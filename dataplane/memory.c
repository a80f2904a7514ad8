// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See memory.h.
#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>

int dp_memory_create(struct dp_memory *memory, uint32_t max_flows, struct dp_error *error)
{
	size_t bytes = (size_t)poise_table_layout(&memory->table, max_flows) * POISE_LINE_SIZE;
	__u64 seed[2];
	void *base;

	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		return dp_fail(error, -EIO, "no random numbers: %s", strerror(errno));
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return dp_fail(error, -errno, "no memory for %u flows: %s", max_flows, strerror(errno));
	madvise(base, bytes, MADV_HUGEPAGE);
	poise_table_format(&memory->table, base, max_flows, seed);
	memory->base = base;
	memory->bytes = bytes;
	return 0;
}

int dp_memory_map(struct dp_memory *memory, int fd, uint64_t bytes, struct dp_error *error)
{
	const char *wrong;
	struct stat status;
	void *base;

	if (bytes < POISE_LINE_SIZE || bytes > (size_t)-1 / 2)
		return dp_fail(error, -EINVAL, "flow table of %llu bytes", (unsigned long long)bytes);
	// A BPF map has no size of its own here; mmap() refuses more than there is. A file would let us.
	if (!fstat(fd, &status) && S_ISREG(status.st_mode) && (uint64_t)status.st_size < bytes)
		return dp_fail(error, -EINVAL, "flow table is shorter than said");
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return dp_fail(error, -errno, "flow table cannot be mapped: %s", strerror(errno));
	wrong = poise_table_attach(&memory->table, base, bytes);
	if (wrong) {
		munmap(base, bytes);
		return dp_fail(error, -EINVAL, "%s", wrong);
	}
	memory->base = base;
	memory->bytes = bytes;
	return 0;
}

void dp_memory_fini(struct dp_memory *memory)
{
	if (memory->base)
		munmap(memory->base, memory->bytes);
	memory->base = NULL;
}
