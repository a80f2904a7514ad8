// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "snapshot_map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <poise/xdp.h>

#include "compile.h"

// One element of the pinned map `name`, if its elements have that size.
static int read_element(const char *pins, const char *name, __u32 index, void *value, size_t size)
{
	struct bpf_map_info info = {0};
	__u32 length = sizeof(info);
	char path[600];
	int error, fd;

	snprintf(path, sizeof(path), "%s/%s", pins, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -ENOENT;
	if (bpf_obj_get_info_by_fd(fd, &info, &length) || info.value_size != size || index >= info.max_entries)
		error = -EINVAL;
	else
		error = bpf_map_lookup_elem(fd, &index, value) ? -EINVAL : 0;
	close(fd);
	return error;
}

int cp_snapshot_map_load(const char *pins, struct poise_snapshot **snapshot)
{
	struct poise_xdp_state state;
	struct poise_snapshot *copy;
	int error = read_element(pins, "poise_state", 0, &state, sizeof(state));

	if (error)
		return error;
	if (!state.published)
		return -ENOENT;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOENT;
	error = read_element(pins, "poise_snapshots", state.active & 1, copy, sizeof(*copy));
	if (!error && cp_snapshot_check(copy, sizeof(*copy)))
		error = -EINVAL;
	if (error)
		free(copy);
	else
		*snapshot = copy;
	return error;
}
