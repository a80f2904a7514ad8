// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// frames open FLOWS FILE: the handshake of each flow, SYN after SYN in the order of their numbers.
// frames live FLOWS COUNT FILE: COUNT frames of established flows, half of them each way, in random order;
// every
//   flow is there when COUNT is at least FLOWS.
// frames rules FLOWS FILE: rules of l3fwd, exact match, for both ways of each flow.
// frames check IN OUT: OUT holds the translation of every frame of IN, in order; prints how many.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "traffic.h"

struct capture_head {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, figures, snap, link;
};

struct capture_packet {
	uint32_t seconds, microseconds, captured, length;
	struct bench_frame frame;
};

static FILE *create(const char *path)
{
	const struct capture_head head = {0xa1b2c3d4, 2, 4, 0, 0, 65535, 1};
	FILE *file = fopen(path, "we");

	if (!file || fwrite(&head, sizeof(head), 1, file) != 1) {
		fprintf(stderr, "frames: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	setvbuf(file, NULL, _IOFBF, 1 << 20);
	return file;
}

static int finish(FILE *file)
{
	if (!(ferror(file) | fclose(file)))
		return 0;
	fprintf(stderr, "frames: cannot write: %s\n", strerror(errno));
	return 1;
}

static void put(FILE *file, uint32_t number, enum bench_kind kind)
{
	struct capture_packet packet = {0, 0, BENCH_FRAME, BENCH_FRAME, {.ttl = 0}};

	bench_frame_write(&packet.frame, number, kind, BENCH_BACKENDS);
	fwrite(&packet, sizeof(packet), 1, file);
}

static int make_open(uint32_t flows, const char *path)
{
	FILE *file = create(path);

	for (enum bench_kind kind = BENCH_SYN; kind <= BENCH_ACK; kind++)
		for (uint32_t number = 0; number < flows; number++)
			put(file, number, kind);
	return finish(file);
}

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int make_live(uint32_t flows, uint32_t count, const char *path)
{
	uint32_t *order = malloc(count * sizeof(*order));
	uint64_t state = 0x106689d45497fdb5u;
	FILE *file;

	if (!order)
		return 1;
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	for (uint32_t i = count - 1; i; i--) {
		uint32_t other = (uint32_t)(random_next(&state) % (i + 1)), kept = order[i];

		order[i] = order[other];
		order[other] = kept;
	}
	file = create(path);
	// The direction depends on more than the number's last bit, which names the backend too.
	for (uint32_t i = 0; i < count; i++) {
		uint32_t n = order[i], turn = n / flows, number = n % flows;
		uint32_t way = __builtin_parity(number) ^ (turn & 1);

		put(file, number, way ? BENCH_DATA_OUT : BENCH_DATA_IN);
	}
	free(order);
	return finish(file);
}

static void put_rule(FILE *file, uint32_t number, enum bench_kind kind)
{
	struct bench_frame frame;
	const uint8_t *to = (const uint8_t *)&frame.target, *from = (const uint8_t *)&frame.source;

	bench_frame_write(&frame, number, kind, BENCH_BACKENDS);
	fprintf(file, "R%u.%u.%u.%u %u.%u.%u.%u %u %u 6 0\n", to[0], to[1], to[2], to[3], from[0], from[1], from[2],
		from[3], __builtin_bswap16(frame.target_port), __builtin_bswap16(frame.source_port));
}

static int make_rules(uint32_t flows, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file) {
		fprintf(stderr, "frames: %s: %s\n", path, strerror(errno));
		return 1;
	}
	for (uint32_t number = 0; number < flows; number++) {
		put_rule(file, number, BENCH_DATA_IN);
		put_rule(file, number, BENCH_DATA_OUT);
	}
	return finish(file);
}

static FILE *open_capture(const char *path)
{
	FILE *file = fopen(path, "re");
	struct capture_head head;

	if (file && fread(&head, sizeof(head), 1, file) == 1 &&
	    (head.magic == 0xa1b2c3d4 || head.magic == 0xa1b23c4d))
		return file;
	fprintf(stderr, "frames: %s: not a capture\n", path);
	exit(1);
}

static int check(const char *in_path, const char *out_path)
{
	FILE *in = open_capture(in_path), *out = open_capture(out_path);
	struct capture_packet sent, got;
	uint32_t count = 0;

	while (fread(&sent, sizeof(sent), 1, in) == 1) {
		const char *wrong = "missing";

		if (fread(&got, sizeof(got), 1, out) == 1)
			wrong = got.frame.number == sent.frame.number && got.frame.kind == sent.frame.kind
					? bench_frame_wrong(&got.frame, BENCH_BACKENDS, false)
					: "another packet";
		if (wrong) {
			fprintf(stderr, "frames: packet %u of %s: %s\n", count + 1, out_path, wrong);
			return 1;
		}
		count++;
	}
	if (fread(&got, 1, 1, out)) {
		fprintf(stderr, "frames: %s: more packets than sent\n", out_path);
		return 1;
	}
	printf("%u\n", count);
	return fclose(in) | fclose(out);
}

int main(int argc, char **argv)
{
	uint32_t flows = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;

	if (argc == 4 && flows && !strcmp(argv[1], "open"))
		return make_open(flows, argv[3]);
	if (argc == 4 && flows && !strcmp(argv[1], "rules"))
		return make_rules(flows, argv[3]);
	if (argc == 5 && flows && !strcmp(argv[1], "live"))
		return make_live(flows, (uint32_t)strtoul(argv[3], NULL, 10), argv[4]);
	if (argc == 4 && !strcmp(argv[1], "check"))
		return check(argv[2], argv[3]);
	fputs("usage: frames open|rules FLOWS FILE | live FLOWS COUNT FILE | check IN OUT\n", stderr);
	return 2;
}
