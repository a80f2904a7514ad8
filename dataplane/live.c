// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See live.h.
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DP_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

static int read_whole(int fd, void *buffer, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t got = pread(fd, (char *)buffer + done, bytes - done, (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return -EIO;
		done += (size_t)got;
	}
	return 0;
}

static int copy_checked(int fd, struct poise_snapshot **out, struct dp_error *error)
{
	struct poise_snapshot *copy;
	const char *wrong;
	struct stat status;
	int code;

	if (fstat(fd, &status))
		return dp_fail(error, -errno, "snapshot: %s", strerror(errno));
	if (!S_ISREG(status.st_mode) || status.st_size != (off_t)sizeof(*copy))
		return dp_fail(error, -EINVAL, "snapshot has the wrong size: %lld instead of %zu bytes",
			       (long long)status.st_size, sizeof(*copy));
	copy = aligned_alloc(POISE_LINE_SIZE, (sizeof(*copy) + POISE_LINE_SIZE - 1) & ~(POISE_LINE_SIZE - 1ul));
	if (!copy)
		return dp_fail(error, -ENOMEM, "no memory for a snapshot");
	code = read_whole(fd, copy, sizeof(*copy));
	if (code) {
		dp_fail(error, code, "snapshot: %s", strerror(-code));
	} else {
		wrong = dp_snapshot_check(copy, sizeof(*copy));
		if (wrong)
			code = dp_fail(error, -EINVAL, "%s", wrong);
	}
	if (code) {
		free(copy);
		return code;
	}
	*out = copy;
	return 0;
}

int dp_snapshot_load(const char *file, struct poise_snapshot **out, struct dp_error *error)
{
	struct dp_error reason;
	int fd = open(file, O_RDONLY | O_CLOEXEC), code;

	if (fd < 0)
		return dp_fail(error, -errno, "%s: %s", file, strerror(errno));
	code = copy_checked(fd, out, &reason);
	close(fd);
	return code ? dp_fail(error, code, "%s: %.100s", file, reason.text) : 0;
}

int dp_snapshot_take(int fd, struct poise_snapshot **out, struct dp_error *error)
{
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0)
		return dp_fail(error, -EINVAL, "snapshot is not a memfd that can be sealed");
	if ((seals & DP_SEALS) != DP_SEALS)
		return dp_fail(error, -EPERM, "snapshot is not sealed");
	return copy_checked(fd, out, error);
}

void dp_snapshot_free(struct poise_snapshot *snapshot)
{
	free(snapshot);
}

bool dp_snapshot_same_ports(const struct poise_snapshot *a, const struct poise_snapshot *b)
{
	if (a->ports_count != b->ports_count)
		return false;
	for (uint32_t i = 0; i < a->ports_count; i++)
		if (strcmp(a->ports[i].device, b->ports[i].device) || a->ports[i].queues != b->ports[i].queues)
			return false;
	return true;
}

void dp_snapshot_fill_mac(struct poise_snapshot *snapshot, uint32_t port, const uint8_t mac[6])
{
	static const uint8_t zero[6];

	if (!memcmp(snapshot->ports[port].mac, zero, 6))
		memcpy(snapshot->ports[port].mac, mac, 6);
	for (uint32_t i = 0; i < snapshot->egress_count; i++)
		if (snapshot->egress[i].port == port && !memcmp(snapshot->egress[i].src_mac, zero, 6))
			memcpy(snapshot->egress[i].src_mac, snapshot->ports[port].mac, 6);
}
