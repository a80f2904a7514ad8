// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "xdp_signal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf_log.h"
#include "places.h"

#define TRACEPOINT "signal_deliver"

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

// With the table `flows`, or one of its own when it is -1. Returns the link, or -errno.
static int load(struct bpf_object *object, int flows)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "poise_flows");
	struct bpf_program *program = bpf_object__find_program_by_name(object, "poise_signal");
	int error = map && program ? 0 : -ENOENT, link;

	if (!error && flows >= 0)
		error = bpf_map__reuse_fd(map, flows);
	if (!error)
		error = bpf_object__load(object);
	if (error)
		return error;
	link = bpf_raw_tracepoint_open(TRACEPOINT, bpf_program__fd(program));
	return link < 0 ? -errno : link;
}

static int load_and_pin(int flows, const char *pins, char *why, size_t why_size)
{
	libbpf_print_fn_t before;
	struct bpf_object *object;
	char path[4096];
	int link, error = cp_place_find(CP_PLACE_SIGNAL_OBJECT, path, sizeof(path));

	if (error) {
		snprintf(why, why_size, "there is no %s", path);
		return error;
	}
	cp_bpf_log_begin();
	before = libbpf_set_print(cp_bpf_log_print);
	object = bpf_object__open(path);
	link = object ? load(object, flows) : -errno;
	error = link < 0 ? link : pins ? pin(link, pins) : 0;
	libbpf_set_print(before);
	if (error)
		snprintf(why, why_size, "%s: %s (%s)", path, strerror(-error), cp_bpf_log_reason());
	if (link >= 0)
		close(link); // a pin holds it, it holds the program and its maps
	bpf_object__close(object);
	return error;
}

int cp_xdp_signal_attach(const char *pins, int flows, char *why, size_t why_size)
{
	return load_and_pin(flows, pins, why, why_size);
}

int cp_xdp_signal_try(char *why, size_t why_size)
{
	return load_and_pin(-1, NULL, why, why_size);
}
