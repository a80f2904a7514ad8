// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// null_rig EAL-OPTIONS -- SNAPSHOT TABLE MAX_FLOWS FLOWS BACKENDS MBUFS: the dataplane on net_null0 with a
// stamper at each receive queue and a checker at each transmit queue. One lcore: this thread turns the worker
// itself, and so the limit programs. More: the first sleeps, the others are workers.
//
// With FLOWS 0 there are no callbacks: device and loop alone, to be compared with testpmd.
//
// One command a line, one line of JSON as answer:
//   size BYTES                    frames of established flows: a number, or imix
//   cold                          packet buffers go round, instead of the last one being the next
//   open                          handshakes of flows 0..FLOWS-1
//   window MODE PATTERN MS        MODE io, macswap, csum or poise; PATTERN as in stamper.c, +own: own shards
//                                 only
//   pauses MODE PATTERN MS swap|still RUNS   so many runs of so long, and how long each turn took: turns.h;
//                                 swap: new snapshots all the time
//   snat COUNT                    of full-NAT flows 0..COUNT-1: snat.h
//   drain MS                      no packets; turns until no flow is left, at most so long
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "checker.h"
#include "forwarder.h"
#include "rig.h"
#include "snat.h"
#include "stamper.h"
#include "swapper.h"
#include "turns.h"

#define TEND_MS 100u
#define TURNS 32u // between two looks at the time
#define WARM_TURNS 32u

enum mode { MODE_IO, MODE_MACSWAP, MODE_CSUM, MODE_POISE, MODES };
static const char *const mode_names[MODES] = {"io", "macswap", "csum", "poise"};

struct null_rig {
	struct rig rig;
	struct stamper stampers[POISE_MAX_WORKERS];
	struct checker checkers[POISE_MAX_WORKERS];
	struct turns turns;
	struct swapper swapper;
	uint32_t flows;
	uint32_t next; // flow number that was never used
	uint32_t workers;
	uint16_t port;
	uint32_t runs; // in which turns are timed; 0: one, and they are not
	bool bare;  // no callbacks: what the device and the loop cost alone, for a comparison with testpmd
	uint64_t turned; // packets that the turns of this thread moved
};

struct account {
	unsigned long long wall_ns, cpu_ns, written, received, sent, tx_seen, checked, wrong,
		fates[POISE_COUNTERS];
	unsigned int in_use;
};

static struct account take_account(const struct null_rig *self)
{
	struct account now = {.wall_ns = rig_now_ns(), .cpu_ns = rig_thread_ns()};

	if (self->workers > 1 || !self->rig.dataplane.inside)
		now.cpu_ns = rig_process_ns() - now.cpu_ns;
	rig_count(&self->rig, &now.received, &now.sent, now.fates);
	for (uint32_t w = 0; w < self->workers; w++) {
		now.written += self->bare ? self->turned
					  : __atomic_load_n(&self->stampers[w].written, __ATOMIC_RELAXED);
		now.tx_seen += self->bare ? self->turned
					  : __atomic_load_n(&self->checkers[w].sent, __ATOMIC_RELAXED);
		now.checked += self->checkers[w].checked;
		now.wrong += self->checkers[w].wrong;
	}
	// A worker that polls has a burst in its hands half of the time, and may be stopped with it while
	// this thread has its processor: the lowest of many looks, with rests, is what is kept.
	now.in_use = UINT32_MAX;
	for (uint32_t look = 0; look < 300 && now.in_use; look++) {
		unsigned int in_use = rte_mempool_in_use_count(self->rig.dataplane.ports.pool);
		const struct timespec rest = {.tv_nsec = 200000};

		if (in_use < now.in_use)
			now.in_use = in_use;
		if (!self->rig.dataplane.inside)
			nanosleep(&rest, NULL);
	}
	return now;
}

static unsigned long long live_flows(const struct null_rig *self)
{
	unsigned long long used = 0;

	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		used += POISE_LOAD(poise_shard(&self->rig.worker->table, shard)->used);
	return used;
}

// What a run did, as one line. `a` before, `b` after.
static void print_account(const struct null_rig *self, enum mode mode, const struct account *a,
			  const struct account *b)
{
	const char *why = NULL;

	for (uint32_t w = 0; w < self->workers; w++)
		why = self->checkers[w].why ? self->checkers[w].why : why;
	printf("{\"mode\": \"%s\", \"wall_ns\": %llu, \"cpu_ns\": %llu, \"packets\": %llu, \"sent\": %llu, "
	       "\"checked\": %llu, \"wrong\": %llu, \"why\": \"%s\", \"leaked\": %d, \"flows\": %llu, "
	       "\"table_bytes\": %zu, \"received\": %llu",
	       mode_names[mode], b->wall_ns - a->wall_ns, b->cpu_ns - a->cpu_ns, b->written - a->written,
	       b->tx_seen - a->tx_seen, b->checked - a->checked, b->wrong - a->wrong, why ? why : "",
	       (int)b->in_use - (int)a->in_use, live_flows(self), self->rig.dataplane.memory.bytes,
	       b->received - a->received);
#define POISE_COUNTER(NAME, name, kind, help)                 \
	if (b->fates[POISE_##NAME] != a->fates[POISE_##NAME]) \
		printf(", \"" #name "\": %llu", b->fates[POISE_##NAME] - a->fates[POISE_##NAME]);
#include <poise/counters.def>
#undef POISE_COUNTER
	if (self->runs) {
		printf(", ");
		turns_print(&self->turns, (double)rte_get_tsc_hz() / 1e9);
	}
	printf("}\n");
}

static inline void turn(struct null_rig *self, enum mode mode)
{
	if (mode == MODE_POISE)
		self->turned += dp_worker_turn(self->rig.worker);
	else
		self->turned += forwarder_turn((enum forwarder)mode, self->port, 0);
}

static void timed_turn(struct null_rig *self, enum mode mode)
{
	struct turns_mark mark = turns_mark(self->rig.worker);
	uint64_t begin = rte_rdtsc();

	turn(self, mode);
	turns_add(&self->turns, self->rig.worker, &mark, rte_rdtsc() - begin);
}

// Turn for so long, or until the stamper has no more packets when `ms` is 0.
static void run_inside(struct null_rig *self, enum mode mode, uint32_t ms)
{
	uint64_t hz = rte_get_tsc_hz(), begin = rte_rdtsc(), tended = begin, now = begin;

	while (ms ? now - begin < hz / 1000 * ms : self->stampers[0].pattern != STAMPER_OFF) {
		for (uint32_t i = 0; i < TURNS; i++) {
			if (POISE_UNLIKELY(self->runs))
				timed_turn(self, mode);
			else
				turn(self, mode);
		}
		now = rte_rdtsc();
		if (now - tended > hz / 1000 * TEND_MS) {
			tended = now;
			rig_tend(&self->rig);
		}
	}
}

// In a hurry, so that only the kernel itself comes between.
static void run_timed(struct null_rig *self, enum mode mode, uint32_t ms)
{
	turns_begin(&self->turns, rte_lcore_to_cpu_id((int)rte_lcore_id()));
	rig_hurry(true);
	for (uint32_t run = 0; run < self->runs; run++) {
		turns_run_begin(&self->turns);
		for (uint32_t i = 0; i < WARM_TURNS; i++) // what fell due in the rest between runs is not of this one
			turn(self, mode);
		run_inside(self, mode, ms);
		turns_run_end(&self->turns);
	}
	rig_hurry(false);
}

static bool all_off(const struct null_rig *self)
{
	for (uint32_t w = 0; w < self->workers; w++)
		if (__atomic_load_n(&self->stampers[w].pattern, __ATOMIC_ACQUIRE) != STAMPER_OFF)
			return false;
	return true;
}

static void rest_ms(uint32_t ms)
{
	const struct timespec rest = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&rest, NULL);
}

// The workers turn by themselves: wait.
static void run_outside(struct null_rig *self, uint32_t ms)
{
	uint64_t begin = rig_now_ns();

	while (ms ? rig_now_ns() - begin < ms * 1000000ull : !all_off(self)) {
		rest_ms(ms && ms < TEND_MS ? ms : TEND_MS);
		rig_tend(&self->rig);
	}
}

static void run(struct null_rig *self, enum mode mode, uint32_t ms)
{
	if (self->runs)
		run_timed(self, mode, ms);
	else if (self->rig.dataplane.inside)
		run_inside(self, mode, ms);
	else
		run_outside(self, ms);
}

static void begin(struct null_rig *self, enum stamper_pattern pattern, uint32_t first, bool own)
{
	for (uint32_t w = 0; w < self->workers; w++) {
		self->stampers[w].table = own ? &self->rig.worker->table : NULL;
		stamper_begin(&self->stampers[w], pattern, first);
	}
}

// A worker that lost its processor may have a burst in its hands for long: it is seen empty-handed first.
static void wait_for_workers(const struct null_rig *self)
{
	for (uint32_t look = 0; look < 300 && rte_mempool_in_use_count(self->rig.dataplane.ports.pool); look++)
		rest_ms(1);
	rest_ms(5);
}

static void quiet(struct null_rig *self)
{
	begin(self, STAMPER_OFF, 0, false);
	if (!self->rig.dataplane.inside)
		wait_for_workers(self);
	else
		for (uint32_t i = 0; i < 4 && !self->bare; i++)
			dp_worker_turn(self->rig.worker);
}

static void open_flows(struct null_rig *self)
{
	struct account a = take_account(self), b;

	begin(self, STAMPER_OPEN, 0, self->workers > 1);
	run(self, MODE_POISE, 0);
	quiet(self);
	b = take_account(self);
	self->next = self->flows;
	print_account(self, MODE_POISE, &a, &b);
}

// Both accounts are taken while nothing is under way, so they balance to the packet.
static void window(struct null_rig *self, enum mode mode, enum stamper_pattern pattern, uint32_t ms, bool own)
{
	struct account a, b;
	uint32_t first = self->next;

	for (uint32_t w = 0; w < self->workers; w++)
		self->checkers[w].translated = mode == MODE_POISE;
	a = take_account(self);
	begin(self, pattern, first, own);
	run(self, mode, ms);
	if (pattern == STAMPER_LIFE) // the next ones begin behind these; the turn of the backends goes on
		self->next +=
			(uint32_t)((self->stampers[0].position + STAMPER_PACKETS - 1) / STAMPER_PACKETS);
	else if (pattern == STAMPER_FLOOD)
		self->next += (uint32_t)self->stampers[0].position;
	quiet(self);
	b = take_account(self);
	print_account(self, mode, &a, &b);
}

static void drain(struct null_rig *self, uint32_t ms)
{
	struct account a = take_account(self), b;

	quiet(self);
	for (uint32_t waited = 0; waited < ms && live_flows(self); waited += 10)
		run(self, MODE_POISE, 10);
	b = take_account(self);
	print_account(self, MODE_POISE, &a, &b);
}

static void print_snat(const struct null_rig *self, uint32_t flows)
{
	struct snat_count count = snat_count(&self->rig.dataplane, flows, self->checkers[0].backends);

	printf("{\"range\": %u, \"refused_at\": %u, \"with_port\": %u, \"landed\": %u, \"shards\": %u}\n",
	       count.range, count.refused_at, count.with_port, count.landed, count.shards);
}

static bool resize(struct null_rig *self, const char *size)
{
	for (uint32_t w = 0; w < self->workers; w++)
		if (stamper_size(&self->stampers[w], size))
			return false;
	printf("{\"size\": \"%s\"}\n", size);
	return true;
}

// Without a cache of its own a thread takes buffers from one end of a ring and gives them back to the other, so all of
// them come round and none is warm.
static void chill(struct null_rig *self)
{
	struct rte_mempool *pool = self->rig.dataplane.ports.pool;

	rte_mempool_cache_flush(NULL, pool);
	pool->cache_size = 0;
	printf("{\"buffers\": %u}\n", pool->size);
}

static bool obey(struct null_rig *self, char *line)
{
	enum stamper_pattern pattern;
	enum mode mode = MODE_IO;
	char *words[7], *own;
	uint32_t count = rig_words(line, words, 7);

	self->runs = 0;
	if (count == 1 && !strcmp(words[0], "open")) {
		open_flows(self);
		return true;
	}
	if (count == 1 && !strcmp(words[0], "cold")) {
		chill(self);
		return true;
	}
	if (count == 2 && !strcmp(words[0], "size"))
		return resize(self, words[1]);
	if (count == 2 && !strcmp(words[0], "drain")) {
		drain(self, (uint32_t)atoi(words[1]));
		return true;
	}
	if (count == 2 && !strcmp(words[0], "snat")) {
		print_snat(self, (uint32_t)atoi(words[1]));
		return true;
	}
	if (!(count == 4 && !strcmp(words[0], "window")) && !(count == 6 && !strcmp(words[0], "pauses")))
		return false;
	while (mode < MODES && strcmp(words[1], mode_names[mode]))
		mode++;
	own = strchr(words[2], '+');
	if (own)
		*own = 0;
	pattern = stamper_pattern(words[2]);
	if (mode == MODES || pattern == STAMPER_PATTERNS)
		return false;
	if (count == 6)
		self->runs = (uint32_t)atoi(words[5]);
	if (count == 6 && !strcmp(words[4], "swap"))
		swapper_start(&self->swapper, &self->rig.dataplane);
	window(self, mode, pattern, (uint32_t)atoi(words[3]), own != NULL);
	swapper_stop(&self->swapper);
	return true;
}

static void prepare(struct null_rig *self, uint32_t backends)
{
	self->workers = self->rig.dataplane.workers_count;
	if (rte_eth_dev_get_port_by_name("net_null0", &self->port))
		rig_die("net_null0", "is not there");
	for (uint32_t w = 0; w < self->workers && !self->bare; w++) {
		const struct dp_worker *worker = self->rig.dataplane.workers[w];

		if (stamper_init(&self->stampers[w], self->flows, backends, 0x9d2c5680u + w))
			rig_die("stamper", "no memory");
		self->stampers[w].shards = worker->shards;
		self->checkers[w] = (struct checker){
			.backends = backends,
			.full = self->rig.dataplane.snapshot->vips[0].nat == POISE_NAT_FULL,
		};
		if (!rte_eth_add_rx_callback(self->port, (uint16_t)w, stamper_receive, &self->stampers[w]) ||
		    !rte_eth_add_tx_callback(self->port, (uint16_t)w, checker_send, &self->checkers[w]))
			rig_die("callbacks", "this DPDK has none");
	}
}

int main(int argc, char **argv)
{
	static struct null_rig self;
	char line[256];
	int split = rig_eal(argc, argv);

	if (argc - split != 7) {
		fputs("usage: null_rig EAL-OPTIONS -- SNAPSHOT TABLE MAX_FLOWS FLOWS BACKENDS MBUFS\n",
		      stderr);
		return 2;
	}
	self.flows = (uint32_t)atoi(argv[split + 4]);
	self.bare = !self.flows;
	rig_start(&self.rig, argv[split + 1], (uint32_t)atoi(argv[split + 3]), argv[split + 2],
		  (uint32_t)atoi(argv[split + 6]));
	prepare(&self, (uint32_t)atoi(argv[split + 5]));
	printf("{\"ready\": true}\n");
	while (fgets(line, sizeof(line), stdin))
		if (!obey(&self, line))
			rig_die("not a command", line);
	// No clean up: huge pages of --in-memory go with the process.
	fflush(stdout);
	_Exit(0);
}
