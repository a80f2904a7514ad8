// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See dataplane.h.
#include "dataplane.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "recover.h"

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * DP_NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

// TSC and time of the same moment: of a few attempts the one that was interrupted least.
static void read_both(uint64_t *tsc, uint64_t *ns)
{
	uint64_t shortest = UINT64_MAX;

	for (int attempt = 0; attempt < 5; attempt++) {
		uint64_t before = rte_rdtsc(), now = monotonic_ns(), after = rte_rdtsc();

		if (after - before >= shortest)
			continue;
		shortest = after - before;
		*tsc = before + shortest / 2;
		*ns = now;
	}
}

static int make_readers(struct dp_dataplane *dataplane, struct dp_error *error)
{
	struct rte_rcu_qsbr *readers = rte_zmalloc("poise", rte_rcu_qsbr_get_memsize(dataplane->workers_count),
						   RTE_CACHE_LINE_SIZE);

	if (!readers)
		return dp_fail(error, -ENOMEM, "no memory for workers");
	dataplane->shared.readers = readers;
	rte_rcu_qsbr_init(readers, dataplane->workers_count);
	// The worker that the main lcore turns by itself is never in a burst while the main lcore waits.
	for (uint32_t w = 0; w < dataplane->workers_count && !dataplane->inside; w++)
		rte_rcu_qsbr_thread_register(readers, w);
	return 0;
}

static int make_worker(struct dp_dataplane *dataplane, uint32_t index, unsigned int lcore, struct dp_error *error)
{
	struct dp_worker *worker = rte_zmalloc_socket("poise", sizeof(*worker), RTE_CACHE_LINE_SIZE,
						      (int)rte_lcore_to_socket_id(lcore));

	if (!worker)
		worker = rte_zmalloc("poise", sizeof(*worker), RTE_CACHE_LINE_SIZE);
	if (!worker)
		return dp_fail(error, -ENOMEM, "no memory for worker %u", index);
	dataplane->workers[index] = worker;
	worker->shared = &dataplane->shared;
	worker->stats = &dataplane->stats.page->worker[index];
	worker->stats->lcore = lcore;
	worker->index = index;
	worker->workers = dataplane->workers_count;
	worker->idle.adaptive = dataplane->options.adaptive;
	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++) {
		worker->owners[shard] = worker->homes[shard] = dataplane->owners[shard];
		if (dataplane->owners[shard] == index)
			worker->shards |= 1ull << shard;
	}
	worker->stats->shards = worker->shards;
	return 0;
}

static struct rte_ring *make_ring(const char *kind, uint32_t worker, uint32_t size)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "poise_%s_%u", kind, worker);
	return rte_ring_create(name, size, SOCKET_ID_ANY, RING_F_SC_DEQ);
}

static int make_rings(struct dp_dataplane *dataplane, struct dp_error *error)
{
	for (uint32_t to = 0; to < dataplane->workers_count; to++) {
		struct rte_ring *handoff = make_ring("handoff", to, dataplane->options.handoff_size);
		struct rte_ring *transmit = make_ring("transmit", to, dataplane->options.handoff_size);

		if (!handoff || !transmit)
			return dp_fail(error, -ENOMEM, "no memory for the rings between workers");
		for (uint32_t from = 0; from < dataplane->workers_count; from++) {
			dataplane->workers[from]->handoff_rings[to] = handoff;
			dataplane->workers[from]->transmit_rings[to] = transmit;
		}
	}
	return 0;
}

int dp_dataplane_init(struct dp_dataplane *dataplane, struct dp_error *error)
{
	uint32_t count = rte_lcore_count() - 1, index = 0;
	unsigned int lcore;
	uint64_t tsc = 0, ns = 0;
	int code;

	dataplane->stats = (struct dp_stats){ .fd = -1, .share_fd = -1 };
	dataplane->inside = !count;
	dataplane->workers_count = count ? count : 1;
	if (dataplane->workers_count > POISE_MAX_WORKERS)
		return dp_fail(error, -E2BIG, "%u workers; %u are possible", count, POISE_MAX_WORKERS);
	for (uint32_t shard = 0; shard < POISE_SHARDS; shard++)
		dataplane->owners[shard] = (uint8_t)(shard % dataplane->workers_count);
	read_both(&tsc, &ns);
	dp_clock_init(&dataplane->shared.clock, rte_get_tsc_hz(), tsc, ns);
	code = dp_stats_init(&dataplane->stats, dataplane->workers_count, ns, error);
	if (!code)
		code = make_readers(dataplane, error);
	if (!code && dataplane->inside)
		code = make_worker(dataplane, 0, rte_get_main_lcore(), error);
	RTE_LCORE_FOREACH_WORKER(lcore)
		if (!code)
			code = make_worker(dataplane, index++, lcore, error);
	if (!code)
		code = make_rings(dataplane, error);
	return code;
}

static void free_ring(struct rte_ring *ring)
{
	void *packet;

	while (ring && !rte_ring_dequeue(ring, &packet))
		rte_pktmbuf_free(packet);
	rte_ring_free(ring);
}

void dp_dataplane_fini(struct dp_dataplane *dataplane)
{
	for (uint32_t w = 0; w < dataplane->workers_count && dataplane->workers[0]; w++) {
		free_ring(dataplane->workers[0]->handoff_rings[w]);
		free_ring(dataplane->workers[0]->transmit_rings[w]);
	}
	dp_ports_stop(&dataplane->ports);
	for (uint32_t w = 0; w < dataplane->workers_count; w++)
		rte_free(dataplane->workers[w]);
	rte_free(dataplane->shared.readers);
	dp_snapshot_free(dataplane->retired);
	dp_snapshot_free(dataplane->snapshot);
	dp_memory_fini(&dataplane->memory);
	dp_stats_fini(&dataplane->stats);
}

static int take_table(struct dp_dataplane *dataplane, struct dp_error *error)
{
	struct dp_recovery recovery;
	int code = dp_recover(&dataplane->memory.table, dataplane->stats.page, dataplane->owners, &recovery);

	if (code)
		return dp_fail(error, code, "no memory to look through the flow table");
	if (recovery.flows || recovery.reclaimed)
		dp_log("flow table has %u flows; %u unfinished records reclaimed", recovery.flows,
		       recovery.reclaimed);
	for (uint32_t w = 0; w < dataplane->workers_count; w++)
		dataplane->workers[w]->table = dataplane->memory.table;
	return 0;
}

int dp_dataplane_create_table(struct dp_dataplane *dataplane, struct dp_error *error)
{
	int code = dp_memory_create(&dataplane->memory, dataplane->options.max_flows, error);

	return code ? code : take_table(dataplane, error);
}

int dp_dataplane_map_table(struct dp_dataplane *dataplane, int fd, uint64_t bytes, struct dp_error *error)
{
	int code;

	if (dataplane->memory.base)
		return dp_fail(error, -EEXIST, "there is a flow table already");
	code = dp_memory_map(&dataplane->memory, fd, bytes, error);
	return code ? code : take_table(dataplane, error);
}

// Which queues each worker polls, and by which it sends.
static void deal_queues(struct dp_dataplane *dataplane)
{
	uint32_t workers = dataplane->workers_count;

	for (uint32_t p = 0; p < dataplane->ports.count; p++) {
		const struct dp_port *port = &dataplane->ports.ports[p];

		for (uint32_t queue = 0; queue < port->receive_count; queue++) {
			struct dp_worker *worker = dataplane->workers[queue % workers];

			worker->receive[worker->receive_count++] = (struct dp_receive){
				.device = port->receive[queue].device,
				.queue = port->receive[queue].queue,
				.port = (uint16_t)p,
			};
		}
		for (uint32_t w = 0; w < workers; w++) {
			struct dp_transmit *transmit = &dataplane->workers[w]->transmit[p];

			transmit->owner = (uint8_t)(w % port->transmit_count);
			transmit->device = port->transmit[transmit->owner].device;
			transmit->queue = port->transmit[transmit->owner].queue;
		}
	}
	for (uint32_t w = 0; w < workers; w++) {
		dataplane->workers[w]->ports = dataplane->ports.count;
		dataplane->workers[w]->pool = dataplane->ports.pool;
	}
}

void dp_dataplane_close_gates(struct dp_dataplane *dataplane)
{
	struct poise_gate *gate;
	uint32_t entry;

	for (uint32_t port = 0; port < POISE_MAX_PORTS; port++)
		for (uint32_t queue = 0; queue < POISE_MAX_QUEUES; queue++) {
			gate = poise_gate(&dataplane->memory.table, port, queue, &entry);
			POISE_STORE_RELEASE(gate->worker[entry], (uint8_t)0);
		}
}

// As deal_queues() dealt them.
static void open_gates(struct dp_dataplane *dataplane)
{
	struct poise_gate *gate;
	uint32_t entry;

	for (uint32_t port = 0; port < dataplane->ports.count; port++)
		for (uint32_t queue = 0; queue < dataplane->ports.ports[port].receive_count; queue++) {
			gate = poise_gate(&dataplane->memory.table, port, queue, &entry);
			POISE_STORE_RELEASE(gate->worker[entry], (uint8_t)(queue % dataplane->workers_count + 1));
		}
}

static void fill_macs(const struct dp_dataplane *dataplane, struct poise_snapshot *snapshot)
{
	for (uint32_t p = 0; p < dataplane->ports.count; p++)
		dp_snapshot_fill_mac(snapshot, p, dataplane->ports.ports[p].mac);
}

// Whose beats they are, for the program that sees signals. Without /proc they are nobody's, and it sees none.
static void sign_heartbeats(struct dp_dataplane *dataplane)
{
	struct stat status = { 0 };
	bool known = !stat("/proc/self/ns/pid", &status);

	for (uint32_t w = 0; w < dataplane->workers_count; w++) {
		struct poise_heartbeat *heart = poise_heartbeat(&dataplane->memory.table, w);

		POISE_STORE(heart->process, 0u); // while the namespace is another's
		POISE_STORE(heart->namespace_device, known ? (__u64)status.st_dev : 0u);
		POISE_STORE(heart->namespace_inode, known ? (__u64)status.st_ino : 0u);
		POISE_STORE_RELEASE(heart->process, (uint32_t)getpid());
	}
}

static int start(struct dp_dataplane *dataplane, struct poise_snapshot *snapshot, struct dp_error *error)
{
	const struct dp_workers workers = { dataplane->workers_count, dataplane->owners };
	uint32_t index = 0, in_rings = 0;
	unsigned int lcore;
	int code;

	dp_dataplane_close_gates(dataplane); // those of an earlier process that was killed
	if (workers.count > 1)
		in_rings = workers.count * dataplane->options.handoff_size;
	code = dp_ports_start(&dataplane->ports, snapshot, &workers, dataplane->options.mbufs, in_rings, error);
	if (code)
		return code;
	deal_queues(dataplane);
	fill_macs(dataplane, snapshot);
	dataplane->snapshot = snapshot;
	POISE_STORE_RELEASE(dataplane->shared.snapshot, snapshot);
	dataplane->running = true;
	sign_heartbeats(dataplane);
	for (uint32_t w = 0; w < workers.count; w++)
		dp_worker_beat(dataplane->workers[w]);
	if (dataplane->inside)
		dp_worker_begin(dataplane->workers[0]);
	else
		RTE_LCORE_FOREACH_WORKER(lcore)
			rte_eal_remote_launch(dp_worker_run, dataplane->workers[index++], lcore);
	open_gates(dataplane);
	return 0;
}

// Free the snapshot before the running one when no worker reads it any more. Workers report after each turn, so
// this takes microseconds; one that hangs holds it for ever.
static bool release_retired(struct dp_dataplane *dataplane)
{
	const struct timespec pause = { .tv_nsec = 50000 };

	for (int attempt = 0; dataplane->retired && attempt < 40000; attempt++) {
		if (rte_rcu_qsbr_check(dataplane->shared.readers, dataplane->retired_token, false) == 1) {
			dp_snapshot_free(dataplane->retired);
			dataplane->retired = NULL;
		} else {
			nanosleep(&pause, NULL);
		}
	}
	return !dataplane->retired;
}

static int replace(struct dp_dataplane *dataplane, struct poise_snapshot *snapshot, struct dp_error *error)
{
	if (!dp_snapshot_same_ports(dataplane->snapshot, snapshot))
		return dp_fail(error, -EBUSY, "ports changed: restart needed");
	if (!release_retired(dataplane))
		return dp_fail(error, -ETIMEDOUT, "a worker hangs and still uses an older generation");
	fill_macs(dataplane, snapshot);
	dataplane->retired = dataplane->snapshot;
	dataplane->snapshot = snapshot;
	POISE_STORE_RELEASE(dataplane->shared.snapshot, snapshot);
	dataplane->retired_token = rte_rcu_qsbr_start(dataplane->shared.readers);
	if (!release_retired(dataplane))
		dp_log("generation %llu is in place, but a worker has not taken it up",
		       (unsigned long long)snapshot->generation);
	return 0;
}

int dp_dataplane_use(struct dp_dataplane *dataplane, struct poise_snapshot *snapshot, bool *fatal,
		     struct dp_error *error)
{
	int code;

	*fatal = false;
	if (!dataplane->memory.base)
		return dp_fail(error, -ENOENT, "no flow table yet");
	if (dataplane->running)
		return replace(dataplane, snapshot, error);
	code = start(dataplane, snapshot, error);
	*fatal = code != 0;
	return code;
}

// Only the device knows what it had no room for.
static void note_missed(struct dp_dataplane *dataplane)
{
	for (uint32_t p = 0; p < dataplane->ports.count; p++) {
		const struct dp_port *port = &dataplane->ports.ports[p];
		uint64_t missed = 0;

		for (uint32_t d = 0; d < port->devices_count; d++) {
			struct rte_eth_stats stats;

			if (!rte_eth_stats_get(port->devices[d], &stats))
				missed += stats.imissed + stats.rx_nombuf;
		}
		POISE_STORE(dataplane->stats.page->rx_missed[p], missed);
	}
}

void dp_dataplane_sync(struct dp_dataplane *dataplane)
{
	uint64_t tsc = 0, ns = 0;

	read_both(&tsc, &ns);
	dp_clock_sync(&dataplane->shared.clock, tsc, ns);
	if (dataplane->running)
		note_missed(dataplane);
}
