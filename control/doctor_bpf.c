// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Can this kernel run the XDP program, for this process?
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf_log.h"
#include "bpffs.h"
#include "doctor.h"
#include "places.h"
#include "xdp_signal.h"

static bool look_at_kinds(struct cp_doctor *doctor)
{
	static const struct {
		const char *name;
		enum bpf_map_type type;
	} maps[] = {{"array", BPF_MAP_TYPE_ARRAY},
		    {"xskmap", BPF_MAP_TYPE_XSKMAP},
		    {"devmap", BPF_MAP_TYPE_DEVMAP}};
	int known = libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_XDP, NULL);

	if (known <= 0) {
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, "BPF",
			      "root, and a kernel with CONFIG_BPF_SYSCALL and XDP; in a "
			      "container CAP_BPF and CAP_SYS_ADMIN of the host",
			      "no XDP program can be loaded: %s",
			      known ? strerror(-known) : "not known or not permitted");
		return false;
	}
	for (size_t i = 0; i < POISE_COUNT(maps); i++) {
		known = libbpf_probe_bpf_map_type(maps[i].type, NULL);
		if (known > 0)
			continue;
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, "BPF", "a kernel with CONFIG_XDP_SOCKETS",
			      "no map of type %s can be made: %s", maps[i].name,
			      known ? strerror(-known) : "not known");
		return false;
	}
	cp_doctor_add(doctor, CP_DOCTOR_OK, "BPF", NULL, "XDP programs and the maps they need can be had");
	return true;
}

// Loads it as poised would, with maps of its own, and lets it go.
static void look_at_verdict(struct cp_doctor *doctor)
{
	libbpf_print_fn_t before;
	struct bpf_object *object;
	char path[4096];
	int error;

	if (doctor->app && doctor->app->xdp) {
		cp_doctor_add(doctor, CP_DOCTOR_OK, "XDP program", NULL, "loaded");
		return;
	}
	if (cp_place_find(CP_PLACE_XDP_OBJECT, path, sizeof(path)))
		return; // said elsewhere
	cp_bpf_log_begin();
	before = libbpf_set_print(cp_bpf_log_print);
	object = bpf_object__open(path);
	error = object ? bpf_object__load(object) : -errno;
	libbpf_set_print(before);
	bpf_object__close(object);
	if (error)
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, "XDP program",
			      "an object of this version for this kernel",
			      "the kernel does not take it: %s (%s)", strerror(-error), cp_bpf_log_reason());
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, "XDP program", NULL, "the kernel takes it");
}

// A comfort, so never wrong: without it the heartbeat tells the same, later.
static void look_at_signal(struct cp_doctor *doctor)
{
	char pinned[300], why[200] = "";
	const struct cp_app *app = doctor->app && doctor->app->xdp ? doctor->app : NULL;
	const struct poise_heartbeat *heart;
	const char *remedy = "a kernel with CONFIG_BPF_EVENTS, and poise_signal.bpf.o beside the XDP program; "
			     "all else works without";

	if (app) {
		snprintf(pinned, sizeof(pinned), "%s/" CP_XDP_SIGNAL_PIN, app->pins);
		heart = poise_heartbeat(&app->flows.table, 0);
		if (access(pinned, F_OK)) {
			remedy = cp_xdp_signal_try(why, sizeof(why)) ? remedy : "restart poised";
		} else if (POISE_LOAD(heart->process) && !POISE_LOAD(heart->namespace_inode)) {
			snprintf(why, sizeof(why), "the dataplane does not know its pid namespace");
			remedy = "mount /proc where the dataplane runs, then poisectl restart";
		} else {
			remedy = NULL;
		}
	} else if (!cp_xdp_signal_try(why, sizeof(why))) {
		remedy = NULL;
	}
	if (remedy)
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, "signals", remedy,
			      "a killed dataplane is noticed by its heartbeat alone, %u ms later%s%s",
			      doctor->config->heartbeat_ms, *why ? ": " : "", why);
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, "signals", NULL,
			      "a killed dataplane is noticed in the moment it gets the signal");
}

void cp_doctor_bpf(struct cp_doctor *doctor)
{
	if (cp_bpffs_present())
		cp_doctor_add(doctor, CP_DOCTOR_OK, "bpffs", NULL, "on /sys/fs/bpf");
	else
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, "bpffs", "mount -t bpf bpf /sys/fs/bpf",
			      "not on /sys/fs/bpf; poised tries to mount one");
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, "BTF", NULL,
			      "the kernel shows none; Poise brings what it needs");
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, "BTF", NULL, "the kernel has it");
	if (!look_at_kinds(doctor))
		return;
	look_at_verdict(doctor);
	if (doctor->config->dataplane.mode == CP_NIC_AF_XDP)
		look_at_signal(doctor);
}
