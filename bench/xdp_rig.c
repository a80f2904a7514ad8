// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// xdp_rig OBJECT WRAPPER SNAPSHOT FLOWS: the XDP program on the frames of FLOWS flows, by
// bpf_prog_test_run_opts() on the processor it is started on. No dataplane takes the packets, so the program
// balances all of them.
//
// One command a line, one line of JSON as answer:
//   run floor|empty|established|new REPEAT   floor: the wrapper and a program that does nothing; empty: that
//   alone
// established: both directions in random order. new: a SYN each, REPEAT at most FLOWS, on an empty table; the
// flows are made anew for the next run of the others.
#include "../tests/lib/xdp_object.h"

#include <time.h>

#include <poise/snapshot.h>

#include "permutation.h"
#include "traffic.h"
#include "xdp_wrapper.h"

#define LIST_LEAST 16384u // a shorter list is learnt by heart by the branch predictor
#define SAMPLE 1000u	  // translated frames that are compared

struct xdp_rig {
	struct xdp_object object;
	struct bpf_object *wrapper_object;
	int wrapper, empty, target; // programs, and the map that names the next
	struct bench_frame *frames; // the list, in the wrapper's map
	struct xdp_wrapper_list *list;
	struct poise_snapshot *snapshot;
	uint32_t flows, room; // flows, frames in the map
	uint32_t checked;
	bool ready; // all flows are established
};

_Static_assert(sizeof(struct bench_frame) == XDP_WRAPPER_FRAME, "one frame");

static void die(const char *what, const char *why)
{
	fprintf(stderr, "xdp_rig: %s: %s\n", what, why);
	exit(2);
}

static struct poise_snapshot *snapshot_read(const char *path)
{
	struct poise_snapshot *snapshot = malloc(sizeof(*snapshot));
	FILE *file = fopen(path, "r");

	if (!snapshot || !file || fread(snapshot, sizeof(*snapshot), 1, file) != 1 ||
	    snapshot->magic != POISE_SNAPSHOT_MAGIC || snapshot->abi_version != POISE_ABI_VERSION)
		die(path, "no snapshot of this version");
	fclose(file);
	return snapshot;
}

static void wrapper_load(struct xdp_rig *self, const char *path)
{
	struct bpf_object *object = bpf_object__open(path);

	if (!object)
		xdp_die(path);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "frames"), self->room);
	if (bpf_object__load(object))
		xdp_die(path);
	self->wrapper_object = object;
	self->wrapper = bpf_program__fd(bpf_object__find_program_by_name(object, "wrapper"));
	self->empty = bpf_program__fd(bpf_object__find_program_by_name(object, "empty"));
	self->target = xdp_map_fd(object, "target");
	self->frames = xdp_map(xdp_map_fd(object, "frames"), (size_t)self->room * sizeof(*self->frames));
	self->list = xdp_map(xdp_map_fd(object, "list"), sizeof(*self->list));
}

// Run `repeat` times; returns ns of one time, as the kernel measures them.
static uint32_t repeat(int program, uint32_t times, uint32_t action)
{
	struct bench_frame in, out;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = &in, .data_size_in = sizeof(in), .data_out = &out,
		    .data_size_out = sizeof(out), .repeat = (int)times);

	bench_frame_write(&in, 0, BENCH_DATA_IN, BENCH_BACKENDS);
	if (bpf_prog_test_run_opts(program, &run))
		xdp_die("bpf_prog_test_run_opts");
	if (run.retval != action)
		die("a run ended with another action than the one for packets that leave",
		    "see the counters");
	return run.duration;
}

static void aim(struct xdp_rig *self, int program)
{
	__u32 zero = 0;

	self->list->next = 0;
	if (bpf_map_update_elem(self->target, &zero, &program, BPF_ANY))
		xdp_die("target");
}

// Through the program, all of the list's frames `times` in total; every one has to be forwarded.
static uint32_t through(struct xdp_rig *self, uint32_t times)
{
	struct poise_xdp_counters before, after;
	uint32_t ns;

	aim(self, self->object.programs[0]);
	xdp_object_counters(&self->object, &before);
	ns = repeat(self->wrapper, times, 4); // XDP_REDIRECT
	xdp_object_counters(&self->object, &after);
	if (after.counters[POISE_FORWARDED] - before.counters[POISE_FORWARDED] != times)
		die("forwarded", "not every packet was");
	return ns;
}

static void list_kind(struct xdp_rig *self, enum bench_kind kind)
{
	for (uint32_t i = 0; i < self->flows; i++)
		bench_frame_write(&self->frames[i], i, kind, BENCH_BACKENDS);
	self->list->length = self->flows;
}

static void list_mixed(struct xdp_rig *self)
{
	struct permutation flows, coin;

	permutation_init(&flows, self->flows, 1);
	permutation_init(&coin, 1u << 24, 7);
	for (uint32_t i = 0; i < self->room; i++)
		bench_frame_write(&self->frames[i], permutation_next(&flows),
				  permutation_next(&coin) & 1 ? BENCH_DATA_IN : BENCH_DATA_OUT,
				  BENCH_BACKENDS);
	self->list->length = self->room;
}

// Single frames of the list, compared with what has to leave.
static void compare(struct xdp_rig *self)
{
	uint32_t step = self->list->length / SAMPLE + 1;

	for (uint32_t i = 0; i < self->list->length; i += step) {
		struct bench_frame out;
		const char *wrong;
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = &self->frames[i], .data_size_in = sizeof(out),
			    .data_out = &out, .data_size_out = sizeof(out), .repeat = 1);

		if (bpf_prog_test_run_opts(self->object.programs[0], &run))
			xdp_die("bpf_prog_test_run_opts");
		wrong = run.retval == 4 ? bench_frame_wrong(&out, BENCH_BACKENDS, false) : "not forwarded";
		if (wrong)
			die("a translated frame is wrong", wrong);
		self->checked++;
	}
}

static uint32_t open_flows(struct xdp_rig *self, uint32_t times)
{
	struct poise_xdp_counters before, after;
	uint32_t ns;

	xdp_object_clear(&self->object, self->flows + self->flows / 8);
	list_kind(self, BENCH_SYN);
	xdp_object_counters(&self->object, &before);
	ns = through(self, times);
	xdp_object_counters(&self->object, &after);
	if (after.counters[POISE_FLOW_CREATED] - before.counters[POISE_FLOW_CREATED] != times)
		die("new flows", "other flows were there");
	self->ready = false;
	return ns;
}

static void establish(struct xdp_rig *self)
{
	if (self->ready)
		return;
	open_flows(self, self->flows);
	list_kind(self, BENCH_SYN_ACK);
	through(self, self->flows);
	list_kind(self, BENCH_ACK);
	through(self, self->flows);
	list_mixed(self);
	compare(self);
	self->ready = true;
}

static void run(struct xdp_rig *self, const char *what, uint32_t times)
{
	uint32_t ns;

	if (!strcmp(what, "new")) {
		ns = open_flows(self, times < self->flows ? times : self->flows);
	} else if (!strcmp(what, "empty")) {
		ns = repeat(self->empty, times, 4);
	} else {
		establish(self);
		if (!strcmp(what, "floor")) {
			aim(self, self->empty);
			ns = repeat(self->wrapper, times, 4);
		} else {
			ns = through(self, times);
		}
	}
	printf("{\"ns\": %u, \"checked\": %u}\n", ns, self->checked);
}

int main(int argc, char **argv)
{
	static struct xdp_rig self;
	char what[16], line[80];
	uint32_t times;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 5 || !(self.flows = (uint32_t)strtoul(argv[4], NULL, 10)) || self.flows > 1u << 26) {
		fprintf(stderr, "usage: xdp_rig OBJECT WRAPPER SNAPSHOT FLOWS\n");
		return 2;
	}
	self.room = self.flows > LIST_LEAST ? self.flows : LIST_LEAST;
	self.snapshot = snapshot_read(argv[3]);
	xdp_object_load(&self.object, argv[1], self.flows + self.flows / 8, self.snapshot);
	xdp_object_devices(&self.object, 1);
	wrapper_load(&self, argv[2]);
	puts("{\"ready\": 1}");
	while (fgets(line, sizeof(line), stdin))
		if (sscanf(line, "run %15s %u", what, &times) == 2 && times)
			run(&self, what, times);
		else
			die("no such command", line);
	xdp_object_close(&self.object);
	bpf_object__close(self.wrapper_object);
	free(self.snapshot);
	return 0;
}
