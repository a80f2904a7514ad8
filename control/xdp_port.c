// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "xdp_port.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <poise/xdp.h>

#include "aside.h"
#include "bpf_log.h"
#include "bpffs.h"
#include "instance.h"
#include "log.h"
#include "xdp_signal.h"

#define PROGRAM "xsk_def_prog" // the name by which DPDK's driver knows a program to share
#define PATH_SIZE 600

// Pins of shared maps are named as the maps. The flow table has a life of its own.
static const char *const shared_maps[] = {"poise_snapshots", "poise_state", "poise_devices", "poise_counters",
					  "poise_backends",  "poise_services"};

static void own_pin(const char *pins, const char *kind, const char *interface, char *path)
{
	char word[32];

	cp_instance_name(interface, word, sizeof(word));
	snprintf(path, PATH_SIZE, "%s/%s_%s", pins, kind, word);
}

static bool fits(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {0};
	__u32 length = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &length) && info.type == bpf_map__type(map) &&
	       info.key_size == bpf_map__key_size(map) && info.value_size == bpf_map__value_size(map) &&
	       info.max_entries == bpf_map__max_entries(map);
}

// Use the pinned map when it has the shape the program wants. One of another version may be in use by the program and
// the dataplane of that version: it is put aside.
static int reuse(struct bpf_map *map, const char *path)
{
	int error, fd = bpf_obj_get(path);

	if (fd < 0 && errno != ENOENT) // a pin, but of no map
		return cp_put_aside(path, "map", strerror(errno));
	if (fd < 0)
		return 0;
	if (fits(map, fd))
		error = bpf_map__reuse_fd(map, fd);
	else
		error = cp_put_aside(path, "map", "another shape than the program wants");
	close(fd);
	return error;
}

static int pin_new(struct bpf_object *object, const char *name, const char *path)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map || !access(path, F_OK))
		return 0;
	return bpf_obj_pin(bpf_map__fd(map), path) ? -errno : 0;
}

// Give the object its maps, before it is loaded.
static int give_maps(struct bpf_object *object, const char *pins, const char *xsks_path, int flows)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "poise_flows");
	char path[PATH_SIZE];
	int error = map ? bpf_map__reuse_fd(map, flows) : -ENOENT;

	for (size_t i = 0; !error && i < sizeof(shared_maps) / sizeof(*shared_maps); i++) {
		map = bpf_object__find_map_by_name(object, shared_maps[i]);
		snprintf(path, sizeof(path), "%s/%s", pins, shared_maps[i]);
		error = map ? reuse(map, path) : 0;
	}
	map = bpf_object__find_map_by_name(object, "xsks_map");
	if (!error)
		error = map ? reuse(map, xsks_path) : -ENOENT;
	return error;
}

static int pin_maps(struct bpf_object *object, const char *pins, const char *xsks_path)
{
	int error = pin_new(object, "xsks_map", xsks_path);
	char path[PATH_SIZE];

	for (size_t i = 0; !error && i < sizeof(shared_maps) / sizeof(*shared_maps); i++) {
		snprintf(path, sizeof(path), "%s/%s", pins, shared_maps[i]);
		error = pin_new(object, shared_maps[i], path);
	}
	return error;
}

// The link of an earlier run, if it is still that of this very interface; -1 else.
static int open_link(const char *path, uint32_t ifindex)
{
	struct bpf_link_info info = {0};
	__u32 length = sizeof(info);
	int fd = bpf_obj_get(path);

	if (fd < 0)
		return -1;
	if (!bpf_obj_get_info_by_fd(fd, &info, &length) && info.type == BPF_LINK_TYPE_XDP &&
	    info.xdp.ifindex == ifindex)
		return fd;
	unlink(path); // the interface was made anew
	close(fd);
	return -1;
}

// As it is now, also when an earlier poised attached it.
static bool is_generic(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	return !bpf_xdp_query((int)ifindex, 0, &query) && query.attach_mode == XDP_ATTACHED_SKB;
}

static int create_link(int program, const char *interface, uint32_t ifindex, bool only_generic, char *why,
		       size_t why_size)
{
	LIBBPF_OPTS(bpf_link_create_opts, native, .flags = XDP_FLAGS_DRV_MODE);
	LIBBPF_OPTS(bpf_link_create_opts, generic, .flags = XDP_FLAGS_SKB_MODE);
	int link = bpf_link_create(program, (int)ifindex, BPF_XDP, only_generic ? &generic : &native);
	int error = link < 0 ? -errno : 0;

	if (error == -EBUSY || error == -EEXIST) {
		snprintf(why, why_size,
			 "interface \"%s\" has another XDP program; remove it: ip link set dev %s xdp off",
			 interface, interface);
		return error;
	}
	if (!only_generic && (error == -EOPNOTSUPP || error == -ERANGE || error == -EINVAL)) {
		link = bpf_link_create(program, (int)ifindex, BPF_XDP, &generic);
		if (link >= 0)
			cp_log(CP_LOG_WARNING, "xdp-generic",
			       "interface \"%s\" has no native XDP (%s), generic mode is slower", interface,
			       strerror(-error));
		else
			error = -errno;
	}
	if (link < 0)
		snprintf(why, why_size, "XDP program cannot be attached to interface \"%s\": %s", interface,
			 strerror(-error));
	return link < 0 ? error : link;
}

static int attach(struct cp_xdp_port *port, int program, const char *pins, uint32_t ifindex, char *why,
		  size_t why_size)
{
	char path[PATH_SIZE];
	int link;

	own_pin(pins, "link", port->interface, path);
	link = open_link(path, ifindex);
	if (link >= 0 && bpf_link_update(link, program, NULL)) {
		// A link whose interface went away cannot be revived.
		unlink(path);
		close(link);
		link = -1;
	}
	if (link < 0) {
		link = create_link(program, port->interface, ifindex, port->generic, why, why_size);
		if (link < 0)
			return link;
		if (bpf_obj_pin(link, path)) {
			int error = -errno;

			snprintf(why, why_size, "%s: %s", path, strerror(-error));
			close(link);
			return error;
		}
	}
	port->link = link;
	port->ifindex = ifindex;
	port->generic = is_generic(ifindex);
	return 0;
}

// Tell the instance which port it serves, and all instances where that port is.
static int name_port(struct bpf_object *object, uint32_t index, uint32_t ifindex)
{
	struct poise_xdp_interface interface = {.port = index};
	int own = bpf_object__find_map_fd_by_name(object, "poise_interface");
	int devices = bpf_object__find_map_fd_by_name(object, "poise_devices");
	__u32 zero = 0;

	if (own < 0 || devices < 0)
		return -ENOENT;
	if (bpf_map_update_elem(own, &zero, &interface, BPF_ANY) ||
	    bpf_map_update_elem(devices, &index, &ifindex, BPF_ANY))
		return -errno;
	return 0;
}

static void tell_line(void *context, const char *line)
{
	cp_log(CP_LOG_WARNING, "xdp-verifier", "verifier: %s", line);
}

int cp_xdp_port_attach(struct cp_xdp_port *port, uint32_t index, const char *object_path, const char *pins,
		       int flows, const char *interface, uint32_t ifindex, char *why, size_t why_size)
{
	struct bpf_program *program;
	struct bpf_object *object;
	char xsks_path[PATH_SIZE];
	int error;

	libbpf_set_print(cp_bpf_log_print);
	cp_bpf_log_begin();
	snprintf(port->interface, sizeof(port->interface), "%s", interface);
	own_pin(pins, "xsks", interface, xsks_path);
	object = bpf_object__open(object_path);
	if (!object) {
		error = -errno;
		snprintf(why, why_size, "%s is not a BPF object: %s", object_path, strerror(-error));
		return error;
	}
	program = bpf_object__find_program_by_name(object, PROGRAM);
	error = program ? give_maps(object, pins, xsks_path, flows) : -ENOENT;
	if (!error)
		error = bpf_object__load(object);
	if (!error)
		error = name_port(object, index, ifindex);
	if (!error)
		error = pin_maps(object, pins, xsks_path);
	if (error) {
		cp_bpf_log_each(tell_line, NULL);
		snprintf(why, why_size, "%s cannot be loaded: %s (%s)", object_path, strerror(-error),
			 cp_bpf_log_reason());
	} else {
		error = attach(port, bpf_program__fd(program), pins, ifindex, why, why_size);
	}
	bpf_object__close(object); // the link holds the program, the program holds the maps
	return error;
}

void cp_xdp_port_detach(struct cp_xdp_port *port, const char *pins, bool remove)
{
	char path[PATH_SIZE];

	if (remove) {
		own_pin(pins, "link", port->interface, path);
		unlink(path);
		if (port->link >= 0)
			bpf_link_detach(port->link);
		own_pin(pins, "xsks", port->interface, path);
		unlink(path);
	}
	if (port->link >= 0)
		close(port->link);
	port->link = -1;
	port->ifindex = 0;
}

struct others {
	const char *pins;
	const struct cp_xdp_port *ports;
	size_t ports_count;
};

static void detach_other(void *context, const char *name)
{
	const struct others *others = context;
	char path[PATH_SIZE];
	int link;

	if (strncmp(name, "link_", 5) && strncmp(name, "xsks_", 5))
		return;
	for (size_t i = 0; i < others->ports_count; i++) {
		char word[32];

		cp_instance_name(others->ports[i].interface, word, sizeof(word));
		if (!strcmp(name + 5, word))
			return;
	}
	snprintf(path, sizeof(path), "%s/%s", others->pins, name);
	link = strncmp(name, "link_", 5) ? -1 : bpf_obj_get(path);
	if (link >= 0) {
		bpf_link_detach(link);
		close(link);
	}
	unlink(path);
}

void cp_xdp_detach_others(const char *pins, const struct cp_xdp_port *ports, size_t ports_count)
{
	struct others others = {.pins = pins, .ports = ports, .ports_count = ports_count};

	cp_bpffs_each(pins, detach_other, &others);
}

// Pins that this version makes or keeps; flow_memory.c makes "flows".
static bool known(const char *name)
{
	if (strstr(name, CP_BPFFS_ASIDE) || !strcmp(name, "flows") || !strcmp(name, CP_XDP_SIGNAL_PIN) ||
	    !strncmp(name, "link_", 5) || !strncmp(name, "xsks_", 5))
		return true;
	for (size_t i = 0; i < sizeof(shared_maps) / sizeof(*shared_maps); i++)
		if (!strcmp(name, shared_maps[i]))
			return true;
	return false;
}

static void forget_former(void *context, const char *name)
{
	const char *pins = context;

	if (known(name))
		return;
	cp_log(CP_LOG_INFO, "pin-former", "the pin %s of a former version is removed", name);
	cp_bpffs_unpin(pins, name);
}

void cp_xdp_forget_former(const char *pins)
{
	cp_bpffs_each(pins, forget_former, (void *)(uintptr_t)pins);
}

void cp_xdp_unpin_shared(const char *pins)
{
	cp_bpffs_unpin(pins, CP_XDP_SIGNAL_PIN);
	for (size_t i = 0; i < sizeof(shared_maps) / sizeof(*shared_maps); i++)
		cp_bpffs_unpin(pins, shared_maps[i]);
}
