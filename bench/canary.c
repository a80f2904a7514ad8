// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// canary [PROCESSOR]: is the machine as quiet as before? Fixed work in about 60 ms, the same every time; one
// line:
//   TSC Hz, ns of a load that depends on the last one (16 MiB), ns to copy 64 bytes (8 MiB), ns of 100
//   additions.
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <x86intrin.h>

#define LINES (1u << 18) // 16 MiB
#define STEPS 150000u
#define COPIES 6u
#define COPY_BYTES (8u << 20)

struct line {
	uint32_t next;
	uint32_t unused[15];
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double tsc_hz(void)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	uint64_t ns = now_ns(), tsc = __rdtsc();

	nanosleep(&pause, NULL);
	ns = now_ns() - ns;
	return (double)(__rdtsc() - tsc) * 1e9 / (double)ns;
}

static void *memory(size_t bytes)
{
	void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED) {
		fprintf(stderr, "canary: %s\n", strerror(errno));
		exit(1);
	}
	madvise(base, bytes, MADV_HUGEPAGE);
	memset(base, 1, bytes);
	return base;
}

// One cycle through all lines, in an order that no prefetcher guesses.
static void tie(struct line *lines)
{
	uint64_t state = 88172645463325252u;

	for (uint32_t i = 0; i < LINES; i++)
		lines[i].next = i;
	for (uint32_t i = LINES - 1; i; i--) {
		uint32_t other, kept = lines[i].next;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		other = (uint32_t)(state % i); // below i: Sattolo's, so the cycle is one
		lines[i].next = lines[other].next;
		lines[other].next = kept;
	}
}

int main(int argc, char **argv)
{
	struct line *lines = memory(sizeof(*lines) * LINES);
	uint8_t *from = memory(COPY_BYTES), *to = memory(COPY_BYTES);
	uint64_t begin, chase, copy, add, sum = 0;
	uint32_t at = 0;
	cpu_set_t set;

	if (argc > 1) {
		CPU_ZERO(&set);
		CPU_SET(atoi(argv[1]), &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
	tie(lines);
	begin = now_ns();
	for (uint32_t i = 0; i < STEPS; i++)
		at = lines[at].next;
	chase = now_ns() - begin;
	begin = now_ns();
	for (uint32_t i = 0; i < COPIES; i++) {
		memcpy(to, from, COPY_BYTES);
		sum += to[i];
	}
	copy = now_ns() - begin;
	begin = now_ns();
	for (uint32_t i = 0; i < 10000000; i++) {
		sum += i;
		__asm__ volatile("" : "+r"(sum));
	}
	add = now_ns() - begin;
	__asm__ volatile("" : : "r"(at), "r"(sum)); // so that nothing of it is left out
	printf("%.0f %.2f %.2f %.2f\n", tsc_hz(), (double)chase / STEPS,
	       (double)copy * 64 / ((double)COPIES * COPY_BYTES), (double)add / 100000);
	return 0;
}
