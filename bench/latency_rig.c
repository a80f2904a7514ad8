// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// latency_rig EAL-OPTIONS -- SNAPSHOT FLOWS: the way of a packet from one core to another and back, by
// net_ring. A thread on processor 0 sends at a given rate and receives again; this thread turns Poise, or
// macswap. Poise's device is "net_ring_bench".
//
// One command a line, one line of JSON as answer:
//   open                       handshakes of all flows
//   send MODE RATE MS          MODE macswap or poise, RATE packets a second, 0: as many as the rings take
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ring.h>

#include "checker.h"
#include "forwarder.h"
#include "pauses.h"
#include "rig.h"
#include "stamper.h"

#define RING 1024u
#define BURST 32u
#define MBUFS 16384u
#define WARM_US 300u // of a run: caches and predictors learn; these packets' times do not count

struct latency_rig {
	struct rig rig;
	struct rte_ring *there, *back; // to the worker, from it
	struct stamper stamper;
	struct checker checker;
	struct pauses pauses;
	uint64_t offered, lost, received;
	double ticks_a_packet; // 0: no pace
	uint64_t duration;     // ticks
	uint64_t counted_from; // TSC
	uint64_t away_ns;      // time that one of the two threads did not have its processor
	uint16_t port;
	bool closed; // never more in the rings than they take: nothing is lost
	bool ready, turning, done; // the generator has its processor; the other side turns; the run is over
};

static void set_time(struct rte_mbuf *packet, uint64_t tsc)
{
	memcpy(packet->dynfield1, &tsc, sizeof(tsc));
}

static uint64_t get_time(const struct rte_mbuf *packet)
{
	uint64_t tsc;

	memcpy(&tsc, packet->dynfield1, sizeof(tsc));
	return tsc;
}

static uint32_t send_burst(struct latency_rig *self, uint32_t count)
{
	struct rte_mbuf *packets[BURST];
	uint32_t sent;
	uint64_t now;

	if (count > BURST)
		count = BURST;
	if (rte_pktmbuf_alloc_bulk(self->rig.dataplane.ports.pool, packets, count))
		rig_die("packet buffers", "none left");
	count = stamper_receive(self->port, 0, packets, (uint16_t)count, BURST, &self->stamper);
	now = rte_rdtsc();
	for (uint32_t i = 0; i < count; i++) {
		packets[i]->port = self->port;
		set_time(packets[i], now);
	}
	sent = rte_ring_sp_enqueue_burst(self->there, (void **)packets, count, NULL);
	self->offered += count;
	self->lost += count - sent;
	rte_pktmbuf_free_bulk(packets + sent, count - sent);
	return count;
}

static uint32_t receive_burst(struct latency_rig *self)
{
	struct rte_mbuf *packets[BURST];
	uint32_t count = rte_ring_sc_dequeue_burst(self->back, (void **)packets, BURST, NULL);
	uint64_t now = rte_rdtsc();

	if (!count)
		return 0;
	for (uint32_t i = 0; i < count; i++)
		if (get_time(packets[i]) >= self->counted_from)
			pauses_add(&self->pauses, now - get_time(packets[i]));
	checker_send(self->port, 0, packets, (uint16_t)count, &self->checker);
	rte_pktmbuf_free_bulk(packets, count);
	self->received += count;
	return count;
}

// Packets that are due now.
static uint32_t due(const struct latency_rig *self, uint64_t elapsed)
{
	double wanted;

	if (self->closed)
		return rte_ring_free_count(self->there) >= BURST && rte_ring_free_count(self->back) > RING / 2
			       ? BURST
			       : 0;
	if (self->ticks_a_packet <= 0)
		return BURST;
	wanted = (double)elapsed / self->ticks_a_packet - (double)self->offered;
	return wanted < 1 ? 0 : (uint32_t)wanted;
}

static void *generate(void *argument)
{
	struct latency_rig *self = argument;
	uint64_t begin, last, away;

	if (rte_thread_register())
		rig_die("thread", "cannot be registered");
	rig_hurry(true);
	__atomic_store_n(&self->ready, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&self->turning, __ATOMIC_ACQUIRE))
		rte_pause();
	away = rig_now_ns() - rig_thread_ns();
	begin = last = rte_rdtsc();
	self->counted_from = begin + rte_get_tsc_hz() / 1000000 * WARM_US;
	while (rte_rdtsc() - begin < self->duration && self->stamper.pattern != STAMPER_OFF) {
		uint32_t count = due(self, rte_rdtsc() - begin);

		if (count)
			send_burst(self, count);
		while (receive_burst(self))
			;
	}
	self->away_ns = rig_now_ns() - rig_thread_ns() - away;
	last = rte_rdtsc();
	while (self->received + self->lost < self->offered && rte_rdtsc() - last < rte_get_tsc_hz())
		receive_burst(self);
	rte_thread_unregister();
	__atomic_store_n(&self->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void run(struct latency_rig *self, bool poise, double rate, uint32_t ms, bool closed)
{
	double hz = (double)rte_get_tsc_hz();
	pthread_t thread;
	uint64_t away;

	memset(&self->pauses, 0, sizeof(self->pauses));
	self->offered = self->lost = self->received = 0;
	self->checker = (struct checker){.backends = BENCH_BACKENDS, .translated = poise};
	self->ticks_a_packet = rate > 0 ? hz / rate : 0;
	self->duration = (uint64_t)(hz / 1000 * ms);
	self->closed = closed;
	self->ready = self->turning = self->done = false;
	rig_thread(&thread, 0, generate, self);
	while (!__atomic_load_n(&self->ready, __ATOMIC_ACQUIRE))
		rte_pause();
	rig_hurry(true);
	away = rig_now_ns() - rig_thread_ns();
	__atomic_store_n(&self->turning, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&self->done, __ATOMIC_ACQUIRE)) {
		for (uint32_t i = 0; i < 64; i++) {
			if (poise)
				dp_worker_turn(self->rig.worker);
			else
				forwarder_turn(FORWARDER_MACSWAP, self->port, 0);
		}
	}
	away = rig_now_ns() - rig_thread_ns() - away;
	rig_hurry(false);
	pthread_join(thread, NULL);
	self->away_ns += away;
	rig_tend(&self->rig);
	printf("{\"mode\": \"%s\", \"offered\": %llu, \"lost\": %llu, \"received\": %llu, \"checked\": %llu, "
	       "\"wrong\": %llu, \"why\": \"%s\", \"away_ns\": %llu, ",
	       poise ? "poise" : "macswap", (unsigned long long)self->offered, (unsigned long long)self->lost,
	       (unsigned long long)self->received, (unsigned long long)self->checker.checked,
	       (unsigned long long)self->checker.wrong, self->checker.why ? self->checker.why : "",
	       (unsigned long long)self->away_ns);
	pauses_print(&self->pauses, hz / 1e9);
	printf("}\n");
}

static bool obey(struct latency_rig *self, char *line)
{
	char *words[5];
	uint32_t count = rig_words(line, words, 5);

	if (count == 1 && !strcmp(words[0], "open")) {
		stamper_begin(&self->stamper, STAMPER_OPEN, 0);
		run(self, true, 0, 60000, true);
		return true;
	}
	if (count != 4 || strcmp(words[0], "send"))
		return false;
	stamper_begin(&self->stamper, STAMPER_UNIFORM, 0);
	run(self, !strcmp(words[1], "poise"), atof(words[2]), (uint32_t)atoi(words[3]), false);
	return true;
}

static void make_device(struct latency_rig *self)
{
	int port;

	self->there = rte_ring_create("there", RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	self->back = rte_ring_create("back", RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (!self->there || !self->back)
		rig_die("rings", "no memory");
	port = rte_eth_from_rings("bench", &self->there, 1, &self->back, 1, 0);
	if (port < 0)
		rig_die("net_ring", "cannot be made");
	self->port = (uint16_t)port;
}

int main(int argc, char **argv)
{
	static struct latency_rig self;
	int split = rig_eal(argc, argv);
	char line[128];
	uint32_t flows;

	if (argc - split != 3) {
		fputs("usage: latency_rig EAL-OPTIONS -- SNAPSHOT FLOWS\n", stderr);
		return 2;
	}
	flows = (uint32_t)atoi(argv[split + 2]);
	make_device(&self);
	rig_start(&self.rig, argv[split + 1], 1u << 20, "thp", MBUFS);
	if (stamper_init(&self.stamper, flows, BENCH_BACKENDS, 0x9d2c5680u))
		rig_die("stamper", "no memory");
	printf("{\"ready\": true}\n");
	while (fgets(line, sizeof(line), stdin))
		if (!obey(&self, line))
			rig_die("not a command", line);
	fflush(stdout);
	_Exit(0);
}
