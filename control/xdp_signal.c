// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "xdp_signal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <poise/xdp.h>

#include "bpf_log.h"
#include "places.h"

#define TRACEPOINT "signal_deliver"

static int name_namespace(struct bpf_object *object)
{
	int map = bpf_object__find_map_fd_by_name(object, "poise_namespace");
	struct poise_xdp_namespace namespace = {0};
	struct stat status;
	__u32 zero = 0;

	if (map < 0)
		return -ENOENT;
	if (stat("/proc/self/ns/pid", &status))
		return -errno;
	namespace.device = status.st_dev;
	namespace.inode = status.st_ino;
	return bpf_map_update_elem(map, &zero, &namespace, BPF_ANY) ? -errno : 0;
}

// The pin is replaced in one step: for a moment two programs see every signal, which does no harm.
static int pin(int link, const char *pins)
{
	char path[600], fresh[600];

	snprintf(path, sizeof(path), "%s/" CP_XDP_SIGNAL_PIN, pins);
	snprintf(fresh, sizeof(fresh), "%s/" CP_XDP_SIGNAL_PIN "_new", pins);
	unlink(fresh);
	if (bpf_obj_pin(link, fresh))
		return -errno;
	if (!rename(fresh, path))
		return 0;
	unlink(path); // some kernels' bpffs does not rename over what is there
	return rename(fresh, path) ? -errno : 0;
}

static int attach(struct bpf_object *object, const char *pins, int flows)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "poise_flows");
	struct bpf_program *program = bpf_object__find_program_by_name(object, "poise_signal");
	int error = map && program ? bpf_map__reuse_fd(map, flows) : -ENOENT, link;

	if (!error)
		error = bpf_object__load(object);
	if (!error)
		error = name_namespace(object);
	if (error)
		return error;
	link = bpf_raw_tracepoint_open(TRACEPOINT, bpf_program__fd(program));
	if (link < 0)
		return -errno;
	error = pin(link, pins);
	close(link); // the pin holds it, it holds the program and its maps
	return error;
}

int cp_xdp_signal_attach(const char *pins, int flows, char *why, size_t why_size)
{
	struct bpf_object *object;
	char path[4096];
	int error = cp_place_find(CP_PLACE_SIGNAL_OBJECT, path, sizeof(path));

	if (error) {
		snprintf(why, why_size, "there is no %s", path);
		return error;
	}
	libbpf_set_print(cp_bpf_log_print);
	cp_bpf_log_begin();
	object = bpf_object__open(path);
	error = object ? attach(object, pins, flows) : -errno;
	if (error)
		snprintf(why, why_size, "%s: %s (%s)", path, strerror(-error), cp_bpf_log_reason());
	bpf_object__close(object);
	return error;
}
