// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Packets on their way out of a worker, on real rings without EAL: each is counted once, where it ends, and what
// nobody took is given back. Packets are held by the test as well, so that giving one back is a count and no pool
// is needed. The device is a driver's function that takes as many as it is told.
#include "check.h"
#include "transmit.h"

#define PACKETS 100u

static struct rte_mbuf packets[PACKETS];
static struct dp_worker worker;
static struct poise_stats_worker stats;
static uint16_t device_takes, device_asked;
static struct rte_mbuf *device_got[PACKETS];
static uint16_t device_count;

static uint16_t device_send(void *queue, struct rte_mbuf **burst, uint16_t count)
{
	uint16_t taken = count < device_takes ? count : device_takes;

	device_asked++;
	memcpy(device_got + device_count, burst, taken * sizeof(*burst));
	device_count += taken;
	device_takes -= taken;
	return taken;
}

static struct rte_ring *ring(unsigned int size)
{
	struct rte_ring *made = aligned_alloc(RTE_CACHE_LINE_SIZE, (size_t)rte_ring_get_memsize(size));

	if (!made || rte_ring_init(made, "test", size, RING_F_SC_DEQ))
		exit(2);
	return made;
}

// Worker 0 of 2; port 0 is its own, port 1 belongs to worker 1.
static void begin(unsigned int ring_size)
{
	static void *queues[RTE_MAX_QUEUES_PER_PORT];

	memset(&worker, 0, sizeof(worker));
	memset(&stats, 0, sizeof(stats));
	memset(packets, 0, sizeof(packets));
	for (uint32_t i = 0; i < PACKETS; i++) {
		packets[i].nb_segs = 1;
		packets[i].pkt_len = 60 + i;
		packets[i].pool = (void *)packets; // never asked, only compared
		rte_mbuf_refcnt_set(&packets[i], 2);
	}
	worker.stats = &stats;
	worker.workers = 2;
	worker.ports = 2;
	worker.transmit[1].owner = 1;
	worker.handoff_rings[1] = ring(ring_size);
	worker.transmit_rings[1] = ring(ring_size);
	rte_eth_fp_ops[0].tx_pkt_burst = device_send;
	rte_eth_fp_ops[0].txq.data = queues;
	device_takes = PACKETS;
	device_asked = device_count = 0;
}

static void end(void)
{
	free(worker.handoff_rings[1]);
	free(worker.transmit_rings[1]);
}

static uint32_t given_back(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < PACKETS; i++)
		count += rte_mbuf_refcnt_read(&packets[i]) == 1;
	return count;
}

static void by_the_device(void)
{
	begin(64);
	dp_transmit(&worker, &packets[0], 0);
	dp_transmit_as(&worker, &packets[1], 0, POISE_ARP_ANSWERED);
	CU_ASSERT_EQUAL(device_asked, 0); // waits for the end of the burst
	CU_ASSERT_EQUAL(worker.transmit_pending, 1);
	dp_flush(&worker);
	CU_ASSERT(device_count == 2 && device_got[0] == &packets[0] && device_got[1] == &packets[1]);
	CU_ASSERT(stats.counters[POISE_FORWARDED] == 1 && stats.counters[POISE_ARP_ANSWERED] == 1);
	CU_ASSERT(stats.ports[0].tx_packets == 2 && stats.ports[0].tx_bytes == 60 + 61);
	CU_ASSERT(!worker.transmit_pending && !worker.transmit[0].count && !given_back());
	dp_flush(&worker); // nothing is sent twice
	CU_ASSERT_EQUAL(device_asked, 1);
	end();
}

// All that a burst can become: each packet of it leaves once.
static void a_whole_burst(void)
{
	begin(64);
	for (uint32_t i = 0; i < DP_BURST; i++)
		dp_transmit(&worker, &packets[i], 0);
	CU_ASSERT_EQUAL(device_asked, 0);
	dp_flush(&worker);
	CU_ASSERT_EQUAL(device_asked, 1);
	CU_ASSERT_EQUAL(device_count, DP_BURST);
	for (uint32_t i = 0; i < DP_BURST; i++)
		CU_ASSERT_PTR_EQUAL(device_got[i], &packets[i]);
	CU_ASSERT_EQUAL(stats.counters[POISE_FORWARDED], DP_BURST);
	end();
}

static void the_device_is_full(void)
{
	begin(64);
	device_takes = 3;
	for (uint32_t i = 0; i < 10; i++)
		dp_transmit_as(&worker, &packets[i], 0, i % 2 ? POISE_ARP_ANSWERED : POISE_FORWARDED);
	dp_flush(&worker);
	CU_ASSERT_EQUAL(device_asked, 2); // it is asked once more, no longer
	CU_ASSERT(stats.counters[POISE_FORWARDED] == 2 && stats.counters[POISE_ARP_ANSWERED] == 1);
	CU_ASSERT(stats.counters[POISE_TX_FULL] == 7 && given_back() == 7);
	CU_ASSERT(stats.ports[0].tx_packets == 3 && stats.ports[0].tx_bytes == 60 + 61 + 62);
	end();
}

static void by_another_worker(void)
{
	struct rte_mbuf *got[DP_BURST];

	begin(8); // holds 7
	for (uint32_t i = 0; i < 9; i++)
		dp_transmit_as(&worker, &packets[i], 1, i ? POISE_FORWARDED : POISE_TTL_EXPIRED);
	dp_flush(&worker);
	CU_ASSERT_EQUAL(device_asked, 0);
	CU_ASSERT_EQUAL_FATAL(rte_ring_sc_dequeue_burst(worker.transmit_rings[1], (void **)got, DP_BURST, NULL), 7);
	for (uint32_t i = 0; i < 7; i++) {
		CU_ASSERT(got[i] == &packets[i] && got[i]->port == 1);
		CU_ASSERT_EQUAL(got[i]->packet_type, i ? POISE_FORWARDED : POISE_TTL_EXPIRED);
	}
	// Their fates are counted by whoever sends them.
	CU_ASSERT(!stats.counters[POISE_FORWARDED] && !stats.counters[POISE_TTL_EXPIRED] && !stats.ports[1].tx_packets);
	CU_ASSERT(stats.counters[POISE_TRANSMIT_HANDOFF] == 7 && stats.counters[POISE_HANDOFF_FULL] == 2);
	CU_ASSERT_EQUAL(given_back(), 2);
	end();
}

static void to_the_owner_of_the_flow(void)
{
	struct rte_mbuf *got[DP_BURST];

	begin(8);
	for (uint32_t i = 0; i < 10; i++)
		dp_handoff(&worker, &packets[i], 1);
	CU_ASSERT_EQUAL(worker.handoff_pending, 2);
	dp_flush(&worker);
	CU_ASSERT_EQUAL(rte_ring_sc_dequeue_burst(worker.handoff_rings[1], (void **)got, DP_BURST, NULL), 7);
	CU_ASSERT_PTR_EQUAL(got[6], &packets[6]);
	CU_ASSERT(stats.counters[POISE_HANDOFF] == 7 && stats.counters[POISE_HANDOFF_FULL] == 3 && given_back() == 3);
	CU_ASSERT(!worker.handoff_pending && !worker.handoff[1].count);
	dp_handoff(&worker, &packets[20], 1); // and there is room again
	dp_flush(&worker);
	CU_ASSERT_EQUAL(stats.counters[POISE_HANDOFF], 8);
	end();
}

static void by_no_port(void)
{
	volatile uint32_t none = POISE_NONE16; // the compiler would look into what is never reached

	begin(8);
	dp_transmit(&worker, &packets[0], 2);
	dp_transmit_as(&worker, &packets[1], none, POISE_ARP_ANSWERED);
	dp_drop(&worker, &packets[2], POISE_RUNT);
	CU_ASSERT(stats.counters[POISE_NO_NEXT_HOP] == 2 && stats.counters[POISE_RUNT] == 1);
	CU_ASSERT(given_back() == 3 && !worker.transmit_pending);
	end();
}

static const struct check_case cases[] = {
	{ "by the device", by_the_device },
	{ "a whole burst", a_whole_burst },
	{ "the device is full", the_device_is_full },
	{ "by another worker", by_another_worker },
	{ "to the owner of the flow", to_the_owner_of_the_flow },
	{ "by no port", by_no_port },
};

CHECK_MAIN("transmit", cases)
