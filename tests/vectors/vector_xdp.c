// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Vectors through the loaded XDP program while no dataplane takes the packets: vector_xdp OBJECT SNAPSHOT FILE.vec...
// Every frame that leaves is compared to the byte, every counter with what the step says. The port that a frame
// leaves by shows in that only the wanted one exists. Then the same while somebody watches all packets: nothing may
// differ, and the ring holds each of them as it came, as it left and with its verdict.
#include "../lib/xdp_object.h"
#include "twin.h"
#include "watched.h"

#define MAX_FLOWS 4096u
#define LINK_HEADER 14u // shorter frames reach no XDP program

struct runner {
	struct xdp_object object;
	const struct poise_snapshot *snapshot;
	struct poise_xdp_counters before;
	uint8_t out[VECTOR_FRAME + 256];
	uint32_t out_length, action;
	int watched;
};

static void run_frame(struct runner *runner, const struct vector_step *step)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = step->in.bytes, .data_size_in = step->in.length,
		    .data_out = runner->out, .data_size_out = sizeof(runner->out), .repeat = 1);

	if (bpf_prog_test_run_opts(runner->object.programs[twin_port(runner->snapshot, step->in_port)], &run))
		xdp_die("bpf_prog_test_run_opts");
	runner->out_length = run.data_size_out;
	runner->action = run.retval;
}

static uint32_t wanted_action(const struct vector_step *step)
{
	if (step->out_port[0])
		return 4; // XDP_REDIRECT
	return poise_verdict_kind((enum poise_verdict)twin_counter(step->verdict)) == POISE_KIND_PASS ? 2 : 1;
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
	more[twin_counter(step->verdict)]--;
	for (uint32_t i = 0; i < step->events_count; i++)
		more[twin_counter(step->events[i])]--;
	more[POISE_SNAT_PROBE] = 0; // depends on what the table looks like
	for (unsigned int i = 0; i < POISE_COUNTERS; i++)
		if (more[i])
			differs = printf("    counter %s %+d against what is wanted\n", twin_names[i], (int)more[i]);
	return differs;
}

// Is everything as the step wants it? Prints what is not.
static int step_differs(struct runner *runner, const struct vector_step *step)
{
	int differs = counters_differ(runner, step);

	if (runner->action != wanted_action(step))
		differs = printf("    action %u, want %u\n", runner->action, wanted_action(step));
	if (step->out_port[0])
		differs |= twin_frame_differs(step, runner->out, runner->out_length);
	if (runner->watched)
		differs |= watched_differs(&runner->object.table, runner->snapshot, step);
	return differs;
}

// How many source ports were tried depends on the table, but none was where full NAT alone made flows?
static int probes_missing(const struct runner *runner, const char *path)
{
	for (uint32_t i = 0; i < runner->snapshot->vips_count; i++)
		if (runner->snapshot->vips[i].nat != POISE_NAT_FULL)
			return 0;
	if (runner->before.counters[POISE_SNAT_PROBE] >= runner->before.counters[POISE_FLOW_CREATED])
		return 0;
	printf("not ok - %s: fewer source ports tried than flows made\n", path);
	return 1;
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
	watched_ask(&runner->object.table, runner->object.state, runner->watched);
	while (vector_read(&reader, &step)) {
		if (step.in.length < LINK_HEADER) {
			too_short++;
			continue;
		}
		xdp_object_devices(&runner->object,
				   step.out_port[0] ? 1u << twin_port(runner->snapshot, step.out_port) : ~0u);
		run_frame(runner, &step);
		steps++;
		if (step_differs(runner, &step)) {
			printf("not ok - %s: %s / %s\n", path, step.scenario, step.text);
			failed++;
		}
	}
	failed += probes_missing(runner, path);
	failed += twin_flows_differ(&reader, &runner->object.table);
	if (!steps) {
		printf("not ok - %s: no steps\n", path);
		failed++;
	}
	fclose(reader.file);
	if (!failed)
		printf("ok - %s: %d steps through the XDP program%s%s\n", path, steps,
		       runner->watched ? ", watched" : "",
		       too_short ? ", shorter frames than a link header left out" : "");
	return failed;
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
	snapshot = twin_snapshot(argv[2]);
	runner.snapshot = snapshot;
	xdp_object_load(&runner.object, argv[1], MAX_FLOWS, snapshot);
	for (runner.watched = 0; runner.watched < 2; runner.watched++)
		for (int i = 3; i < argc; i++)
			failed += run_file(&runner, argv[i]);
	xdp_object_close(&runner.object);
	free(snapshot);
	return failed != 0;
}
