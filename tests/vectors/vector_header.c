// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Vectors through the headers alone, as gcc or clang compiled them: vector_header SNAPSHOT FILE.vec...
// Frames lie in buffers of their exact size, so that a sanitizer sees every byte too many.
#include <poise/decide.h>
#include <poise/table_setup.h>

#include "twin.h"

struct runner {
	const struct poise_snapshot *snapshot;
	struct poise_table table;
	uint8_t *frame; // exact size, replaced when an answer is longer
	uint32_t length;
	uint16_t in_port, out_port;
	int leaves;
	uint32_t now_ms;
	uint32_t events[POISE_COUNTERS];
};

static uint8_t *allocate(size_t bytes)
{
	uint8_t *memory = calloc(1, bytes ? bytes : 1);

	if (!memory) {
		perror("calloc");
		exit(2);
	}
	return memory;
}

static enum poise_verdict send_back(struct runner *runner, enum poise_verdict verdict)
{
	if (poise_verdict_kind(verdict) == POISE_KIND_REPLY) {
		runner->leaves = 1;
		runner->out_port = runner->in_port;
	}
	return verdict;
}

// The error about a packet whose time to live ran out; nothing toward a backend, nothing about an error.
static enum poise_verdict expired(struct runner *runner, const struct poise_step *step)
{
	uint32_t l3 = step->packet.l3, quote = step->packet.l4 - l3 + 8u;
	uint8_t *answer;

	if (step->packet.kind != POISE_PACKET_TCP || step->vip_index == POISE_NONE16)
		return POISE_TTL_EXPIRED;
	answer = allocate(l3 + POISE_TIME_EXCEEDED_HEADER + quote);
	memcpy(answer, runner->frame, l3);
	poise_build_time_exceeded(answer + l3, runner->frame + l3, quote, step->packet.key.dst);
	poise_reply_link((struct poise_eth *)answer, runner->snapshot->ports[runner->in_port].mac);
	free(runner->frame);
	runner->frame = answer;
	runner->length = (uint32_t)(l3 + POISE_TIME_EXCEEDED_HEADER + quote);
	runner->out_port = runner->in_port;
	runner->leaves = 1;
	return POISE_TTL_EXPIRED;
}

// The packet becomes the reset that answers it.
static enum poise_verdict reset(struct runner *runner, const struct poise_step *step, enum poise_verdict verdict)
{
	uint32_t length = poise_reply_reset(runner->frame, runner->frame + runner->length, &step->packet,
					    runner->snapshot->ports[runner->in_port].mac);

	if (length)
		runner->length = length;
	runner->out_port = runner->in_port;
	runner->leaves = length > 0;
	return verdict;
}

static enum poise_verdict open_flow(struct runner *runner, const struct poise_step *step, __u32 *number)
{
	struct poise_create create = {
		.snapshot = runner->snapshot,
		.packet = &step->packet,
		.source_mac = runner->frame + 6,
		.shards = ~0ull,
		.now_ms = runner->now_ms,
		.vip_index = step->vip_index,
		.port_index = (__u8)runner->in_port,
	};
	enum poise_verdict verdict = poise_decide_without(runner->snapshot, step);

	if (verdict == POISE_TTL_EXPIRED)
		return expired(runner, step);
	if (verdict != POISE_FORWARDED)
		return verdict;
	verdict = poise_flow_create(&runner->table, &create, &step->place, number);
	if (verdict == POISE_FORWARDED)
		runner->events[POISE_FLOW_CREATED]++;
	return verdict == POISE_REFUSED ? reset(runner, step, verdict) : verdict;
}

static enum poise_verdict flow_step(struct runner *runner, struct poise_step *step)
{
	enum poise_verdict verdict, event;
	struct poise_flow *flow;
	__u32 number;

	verdict = poise_classify(runner->snapshot, &runner->table, step);
	if (verdict != POISE_FORWARDED)
		return verdict;
	number = poise_table_find(&runner->table, &step->place, &step->packet.key,
				  (enum poise_direction)step->direction);
	if (number) {
		flow = poise_record(&runner->table, number);
		verdict = poise_decide(runner->snapshot, &runner->table, flow, step, runner->now_ms, &event);
		if (event != POISE_FORWARDED)
			runner->events[event]++;
		if (verdict == POISE_FLOW_RESCHEDULED) {
			poise_flow_remove(&runner->table, flow, number);
			runner->events[POISE_FLOW_RESCHEDULED]++;
			number = 0;
		}
	}
	if (!number)
		verdict = open_flow(runner, step, &number);
	else if (verdict == POISE_TTL_EXPIRED)
		return expired(runner, step);
	if (verdict != POISE_FORWARDED)
		return verdict;
	flow = poise_record(&runner->table, number);
	verdict = poise_rewrite(runner->snapshot, flow, step, runner->frame, runner->frame + runner->length,
				&runner->out_port);
	runner->leaves = verdict == POISE_FORWARDED;
	return verdict;
}

static enum poise_verdict run_step(struct runner *runner)
{
	const struct poise_snapshot *snapshot = runner->snapshot;
	const __u8 *mac = snapshot->ports[runner->in_port].mac;
	void *end = runner->frame + runner->length;
	struct poise_step step;
	enum poise_verdict verdict;

	runner->leaves = 0;
	memset(runner->events, 0, sizeof(runner->events));
	step.vip_index = POISE_NONE16;
	verdict = poise_parse(runner->frame, end, runner->length, &step.packet);
	if (verdict != POISE_FORWARDED)
		return verdict;
	switch (step.packet.kind) {
	case POISE_PACKET_ARP:
		return send_back(runner, poise_reply_arp(snapshot, runner->frame, end, step.packet.l3, mac,
							 !(snapshot->flags & POISE_SNAPSHOT_EXCEPTION_PATH)));
	case POISE_PACKET_ICMP_ECHO:
		return send_back(runner, poise_reply_echo(snapshot, runner->frame, end, &step.packet, mac));
	default:
		return flow_step(runner, &step);
	}
}

// Is everything as the step wants it? Prints what is not.
static int step_differs(struct runner *runner, const struct vector_step *step, enum poise_verdict verdict)
{
	const char *port = runner->leaves ? runner->snapshot->ports[runner->out_port].name : "";
	int differs = 0;

	if (verdict != twin_counter(step->verdict))
		differs = printf("    verdict %s, want %s\n", twin_names[verdict], step->verdict);
	if (strcmp(port, step->out_port))
		differs = printf("    leaves by \"%s\", want \"%s\"\n", port, step->out_port);
	for (uint32_t i = 0; i < step->events_count; i++)
		runner->events[twin_counter(step->events[i])]--;
	runner->events[POISE_FORWARDED] = 0;
	for (unsigned int i = 0; i < POISE_COUNTERS; i++)
		if (runner->events[i])
			differs = printf("    event %s %d times more than wanted\n", twin_names[i],
					 (int)runner->events[i]);
	if (runner->leaves)
		differs |= twin_frame_differs(step, runner->frame, runner->length);
	return differs;
}

static void *make_table(struct poise_table *table)
{
	static const __u64 seed[2] = {0x243f6a8885a308d3ull, 0x13198a2e03707344ull};
	size_t bytes = (size_t)poise_table_layout(table, 4096) * POISE_LINE_SIZE;
	void *memory = aligned_alloc(POISE_LINE_SIZE, bytes);

	if (!memory) {
		perror("aligned_alloc");
		exit(2);
	}
	memset(memory, 0, bytes);
	poise_table_format(table, memory, 4096, seed);
	return memory;
}

// Returns the number of cases that failed.
static int run_file(const struct poise_snapshot *snapshot, const char *path)
{
	struct vector_reader reader = {.file = fopen(path, "r"), .name = path};
	struct runner runner = {.snapshot = snapshot};
	struct vector_step step;
	int failed = 0, steps = 0;
	void *memory = make_table(&runner.table);

	if (!reader.file) {
		perror(path);
		exit(2);
	}
	while (vector_read(&reader, &step)) {
		enum poise_verdict verdict;

		runner.frame = allocate(step.in.length);
		memcpy(runner.frame, step.in.bytes, step.in.length);
		runner.length = step.in.length;
		runner.in_port = (uint16_t)twin_port(snapshot, step.in_port);
		runner.now_ms = step.time_ms;
		verdict = run_step(&runner);
		steps++;
		if (step_differs(&runner, &step, verdict)) {
			printf("not ok - %s: %s / %s\n", path, step.scenario, step.text);
			failed++;
		}
		free(runner.frame);
	}
	failed += twin_flows_differ(&reader, &runner.table);
	if (!steps) {
		printf("not ok - %s: no steps\n", path);
		failed++;
	}
	fclose(reader.file);
	free(memory);
	if (!failed)
		printf("ok - %s: %d steps\n", path, steps);
	return failed;
}

int main(int argc, char **argv)
{
	struct poise_snapshot *snapshot;
	int failed = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: vector_header SNAPSHOT FILE.vec...\n");
		return 2;
	}
	snapshot = twin_snapshot(argv[1]);
	for (int i = 2; i < argc; i++)
		failed += run_file(snapshot, argv[i]);
	free(snapshot);
	return failed != 0;
}
