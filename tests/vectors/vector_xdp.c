// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Vectors through the loaded XDP program while no dataplane takes the packets: vector_xdp OBJECT SNAPSHOT FILE.vec...
// Every frame that leaves is compared to the byte, every counter with what the step says. The port that a frame
// leaves by shows in that only the wanted one exists.
#include "../lib/xdp_object.h"
#include "vector.h"

#define MAX_FLOWS 4096u
#define LINK_HEADER 14u // shorter frames reach no XDP program

struct runner {
	struct xdp_object object;
	const struct poise_snapshot *snapshot;
	struct poise_xdp_counters before;
	uint8_t out[VECTOR_FRAME + 256];
	uint32_t out_length, action;
};

static const char *const names[] = {
#define POISE_COUNTER(NAME, name, kind, help) #name,
#include <poise/counters.def>
#undef POISE_COUNTER
};

static uint32_t port_index(const struct poise_snapshot *snapshot, const char *name)
{
	for (uint32_t i = 0; i < snapshot->ports_count; i++)
		if (!strcmp(snapshot->ports[i].name, name))
			return i;
	fprintf(stderr, "the snapshot has no port \"%s\"\n", name);
	exit(2);
}

static unsigned int name_index(const char *name)
{
	for (unsigned int i = 0; i < POISE_COUNTERS; i++)
		if (!strcmp(names[i], name))
			return i;
	fprintf(stderr, "no counter is named \"%s\"\n", name);
	exit(2);
}

static void run_frame(struct runner *runner, const struct vector_step *step)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = step->in.bytes, .data_size_in = step->in.length,
		    .data_out = runner->out, .data_size_out = sizeof(runner->out), .repeat = 1);

	if (bpf_prog_test_run_opts(runner->object.programs[port_index(runner->snapshot, step->in_port)], &run))
		xdp_die("bpf_prog_test_run_opts");
	runner->out_length = run.data_size_out;
	runner->action = run.retval;
}

static void print_frame(const char *title, const uint8_t *bytes, uint32_t length)
{
	printf("    %s", title);
	for (uint32_t i = 0; i < length; i++)
		printf("%s%02x", i % 4 ? "" : " ", bytes[i]);
	putchar('\n');
}

static uint32_t wanted_action(const struct vector_step *step)
{
	if (step->out_port[0])
		return 4; // XDP_REDIRECT
	return poise_verdict_kind((enum poise_verdict)name_index(step->verdict)) == POISE_KIND_PASS ? 2 : 1;
}

static int counters_differ(struct runner *runner, const struct vector_step *step)
{
	struct poise_xdp_counters now;
	int64_t more[POISE_COUNTERS];
	int differs = 0;

	xdp_object_counters(&runner->object, &now);
	for (unsigned int i = 0; i < POISE_COUNTERS; i++)
		more[i] = (int64_t)(now.counters[i] - runner->before.counters[i]);
	runner->before = now;
	more[name_index(step->verdict)]--;
	for (uint32_t i = 0; i < step->events_count; i++)
		more[name_index(step->events[i])]--;
	more[POISE_SNAT_PROBE] = 0; // depends on what the table looks like
	for (unsigned int i = 0; i < POISE_COUNTERS; i++)
		if (more[i])
			differs = printf("    counter %s %+d against what is wanted\n", names[i], (int)more[i]);
	return differs;
}

// Is everything as the step wants it? Prints what is not.
static int step_differs(struct runner *runner, const struct vector_step *step)
{
	int differs = counters_differ(runner, step);

	if (runner->action != wanted_action(step))
		differs = printf("    action %u, want %u\n", runner->action, wanted_action(step));
	if (step->out_port[0] && (runner->out_length != step->out.length ||
				  memcmp(runner->out, step->out.bytes, step->out.length))) {
		print_frame("got ", runner->out, runner->out_length);
		print_frame("want", step->out.bytes, step->out.length);
		differs = 1;
	}
	return differs;
}

static uint32_t flows_used(const struct poise_table *table)
{
	uint32_t used = 0;

	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		used += poise_shard(table, shard)->used;
	return used;
}

// Returns the number of cases that failed.
static int run_file(struct runner *runner, const char *path)
{
	struct vector_reader reader = {.file = fopen(path, "r"), .name = path};
	struct vector_step step;
	int failed = 0, steps = 0, too_short = 0;

	if (!reader.file)
		xdp_die(path);
	xdp_object_clear(&runner->object, MAX_FLOWS);
	while (vector_read(&reader, &step)) {
		if (step.in.length < LINK_HEADER) {
			too_short++;
			continue;
		}
		xdp_object_devices(&runner->object,
				   step.out_port[0] ? 1u << port_index(runner->snapshot, step.out_port) : ~0u);
		run_frame(runner, &step);
		steps++;
		if (step_differs(runner, &step)) {
			printf("not ok - %s: %s / %s\n", path, step.scenario, step.text);
			failed++;
		}
	}
	if (flows_used(&runner->object.table) != reader.flows || !steps) {
		printf("not ok - %s: %u flows at the end, want %u\n", path, flows_used(&runner->object.table),
		       reader.flows);
		failed++;
	}
	fclose(reader.file);
	if (!failed)
		printf("ok - %s: %d steps through the XDP program%s\n", path, steps,
		       too_short ? ", shorter frames than a link header left out" : "");
	return failed;
}

static struct poise_snapshot *read_snapshot(const char *path)
{
	struct poise_snapshot *snapshot = malloc(sizeof(*snapshot));
	FILE *file = fopen(path, "r");

	if (!snapshot || !file || fread(snapshot, sizeof(*snapshot), 1, file) != 1 ||
	    snapshot->magic != POISE_SNAPSHOT_MAGIC || snapshot->size != sizeof(*snapshot)) {
		fprintf(stderr, "%s: no snapshot of this version\n", path);
		exit(2);
	}
	fclose(file);
	return snapshot;
}

int main(int argc, char **argv)
{
	struct poise_snapshot *snapshot;
	static struct runner runner;
	int failed = 0;

	if (argc < 4) {
		fprintf(stderr, "usage: vector_xdp OBJECT SNAPSHOT FILE.vec...\n");
		return 2;
	}
	snapshot = read_snapshot(argv[2]);
	runner.snapshot = snapshot;
	xdp_object_load(&runner.object, argv[1], MAX_FLOWS, snapshot);
	for (int i = 3; i < argc; i++)
		failed += run_file(&runner, argv[i]);
	xdp_object_close(&runner.object);
	free(snapshot);
	return failed != 0;
}
