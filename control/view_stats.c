// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Sums over the workers' slots of the stats page and over the shards of the flow table. Both are written by
// others while this reads; single words are whole, sums may be a packet apart.
#include <string.h>

#include "flow_counts.h"
#include "view.h"
#include "xdp_stats.h"

uint32_t cp_view_workers(const struct cp_dataplane_link *dataplane)
{
	const struct poise_stats *stats = dataplane->stats;
	uint32_t workers;
	size_t fit;

	if (!stats || dataplane->stats_bytes < sizeof(*stats) || stats->magic != POISE_STATS_MAGIC ||
	    stats->abi_version != POISE_ABI_VERSION)
		return 0;
	// The page is another process's: what it says is bounded by what is mapped.
	fit = (dataplane->stats_bytes - sizeof(*stats)) / sizeof(stats->worker[0]);
	workers = POISE_LOAD(stats->workers);
	if (workers > POISE_MAX_WORKERS)
		workers = POISE_MAX_WORKERS;
	return workers < fit ? workers : (uint32_t)fit;
}

void cp_view_counters(const struct cp_dataplane_link *dataplane, uint64_t counters[POISE_COUNTERS])
{
	struct poise_xdp_counters xdp;

	cp_xdp_stats_counters(dataplane->xdp, &xdp);
	memcpy(counters, xdp.counters, sizeof(xdp.counters));
	for (uint32_t w = 0; w < cp_view_workers(dataplane); w++) {
		for (uint32_t i = 0; i < POISE_COUNTERS; i++)
			counters[i] += POISE_LOAD(dataplane->stats->worker[w].counters[i]);
	}
}

void cp_view_kinds(const uint64_t counters[POISE_COUNTERS], uint64_t kinds[POISE_KIND_EVENT + 1])
{
	memset(kinds, 0, (POISE_KIND_EVENT + 1) * sizeof(kinds[0]));
	for (uint32_t i = 0; i < POISE_COUNTERS; i++)
		kinds[poise_verdict_kind((enum poise_verdict)i)] += counters[i];
}

const char *cp_view_counter_name(uint32_t counter)
{
	static const char *const names[POISE_COUNTERS] = {
#define POISE_COUNTER(NAME, name, kind, help) [POISE_##NAME] = #name,
#include <poise/counters.def>
#undef POISE_COUNTER
	};

	return counter < POISE_COUNTERS ? names[counter] : "unknown";
}

const char *cp_view_unserved_name(uint32_t which)
{
	return cp_view_counter_name(POISE_NO_FLOW + which);
}

void cp_view_unserved(const struct cp_dataplane_link *dataplane, uint32_t vip, uint64_t unserved[POISE_UNSERVED])
{
	struct poise_stats_service xdp = {0};

	if (vip < POISE_MAX_VIPS)
		cp_xdp_stats_service(dataplane->xdp, vip, &xdp);
	memcpy(unserved, xdp.unserved, sizeof(xdp.unserved));
	for (uint32_t w = 0; vip < POISE_MAX_VIPS && w < cp_view_workers(dataplane); w++)
		for (uint32_t i = 0; i < POISE_UNSERVED; i++)
			unserved[i] += POISE_LOAD(dataplane->stats->worker[w].services[vip].unserved[i]);
}

uint64_t cp_view_missed(const struct cp_dataplane_link *dataplane, uint32_t port)
{
	return port < POISE_MAX_PORTS && cp_view_workers(dataplane) ? POISE_LOAD(dataplane->stats->rx_missed[port]) : 0;
}

uint64_t cp_view_beat_ns(const struct cp_flow_memory *flows, uint32_t worker)
{
	return flows->base ? POISE_LOAD(poise_heartbeat(&flows->table, worker)->beat_ns) : 0;
}

void cp_view_port(const struct cp_dataplane_link *dataplane, uint32_t port, struct poise_stats_port *sum)
{
	struct poise_xdp_counters xdp;

	memset(sum, 0, sizeof(*sum));
	if (port >= POISE_MAX_PORTS)
		return;
	cp_xdp_stats_counters(dataplane->xdp, &xdp); // of what it balanced; the dataplane counts what it was given
	*sum = xdp.ports[port];
	for (uint32_t w = 0; w < cp_view_workers(dataplane); w++) {
		const struct poise_stats_port *slot = &dataplane->stats->worker[w].ports[port];

		sum->rx_packets += POISE_LOAD(slot->rx_packets);
		sum->rx_bytes += POISE_LOAD(slot->rx_bytes);
		sum->tx_packets += POISE_LOAD(slot->tx_packets);
		sum->tx_bytes += POISE_LOAD(slot->tx_bytes);
	}
}

static void add_handshakes(struct cp_view_traffic *sum, const struct poise_stats_backend *slot)
{
	sum->syn_repeated += POISE_LOAD(slot->syn_repeated);
	sum->syn_ack_repeated += POISE_LOAD(slot->syn_ack_repeated);
	sum->syn_refused += POISE_LOAD(slot->syn_refused);
	sum->latency_us += POISE_LOAD(slot->latency_us);
	for (uint32_t i = 0; i < POISE_LATENCY_BUCKETS; i++) {
		uint64_t count = POISE_LOAD(slot->latency[i]);

		sum->latency[i] += count;
		sum->answers += count;
	}
}

uint64_t cp_view_latency_bound_us(uint32_t bucket)
{
	return bucket + 1 < POISE_LATENCY_BUCKETS ? 1ull << (POISE_LATENCY_FIRST + bucket) : 0;
}

double cp_view_latency_us(const struct cp_view_traffic *traffic, double share)
{
	double wanted = share * (double)traffic->answers, below = 0;

	for (uint32_t i = 0; i < POISE_LATENCY_BUCKETS; i++) {
		double count = (double)traffic->latency[i], low = i ? (double)cp_view_latency_bound_us(i - 1) : 0;

		if (count > 0 && below + count >= wanted)
			return i + 1 < POISE_LATENCY_BUCKETS
				       ? low + (wanted - below) / count * ((double)cp_view_latency_bound_us(i) - low)
				       : low;
		below += count;
	}
	return 0;
}

void cp_view_traffic(const struct cp_dataplane_link *dataplane, uint32_t backend, struct cp_view_traffic *sum)
{
	struct poise_stats_backend xdp;
	uint64_t removed, found = 0;

	memset(sum, 0, sizeof(*sum));
	if (backend >= POISE_MAX_BACKENDS)
		return;
	cp_xdp_stats_backend(dataplane->xdp, backend, &xdp);
	removed = xdp.flows_removed;
	sum->flows_created = xdp.flows_created;
	sum->packets_inward = xdp.packets[POISE_INWARD];
	sum->packets_outward = xdp.packets[POISE_OUTWARD];
	sum->bytes_inward = xdp.bytes[POISE_INWARD];
	sum->bytes_outward = xdp.bytes[POISE_OUTWARD];
	add_handshakes(sum, &xdp);
	for (uint32_t w = 0; w < cp_view_workers(dataplane); w++) {
		const struct poise_stats_backend *slot = &dataplane->stats->worker[w].backends[backend];

		// Removals first: a flow that ends while we read then counts as active, never below zero.
		removed += POISE_LOAD(slot->flows_removed);
		found += POISE_LOAD(slot->flows_found);
		sum->flows_created += POISE_LOAD(slot->flows_created);
		sum->packets_inward += POISE_LOAD(slot->packets[POISE_INWARD]);
		sum->packets_outward += POISE_LOAD(slot->packets[POISE_OUTWARD]);
		sum->bytes_inward += POISE_LOAD(slot->bytes[POISE_INWARD]);
		sum->bytes_outward += POISE_LOAD(slot->bytes[POISE_OUTWARD]);
		add_handshakes(sum, slot);
	}
	// Flows that an earlier dataplane made may be removed by this one.
	found += sum->flows_created;
	sum->flows_active = found > removed ? found - removed : 0;
	if (dataplane->counts)
		sum->flows_active = cp_flow_counts(dataplane->counts, backend, cp_view_now_ns());
}

void cp_view_flow_table(const struct cp_flow_memory *flows, struct cp_flow_counts *counts,
			struct cp_view_flow_table *view)
{
	memset(view, 0, sizeof(*view));
	if (!flows->base || !flows->table.base)
		return;
	view->present = true;
	view->capacity = (uint64_t)POISE_SHARDS * flows->table.records_per_shard;
	for (uint32_t i = 0; i < POISE_SHARDS; i++) {
		const struct poise_shard *shard = poise_shard(&flows->table, i);
		uint32_t worst = POISE_LOAD(shard->probe_worst);

		view->used += POISE_LOAD(shard->used);
		view->half_open += POISE_LOAD(shard->half_open);
		if (worst > view->probe_worst)
			view->probe_worst = worst;
	}
	if (!counts)
		return;
	cp_flow_counts_refresh(counts, cp_view_now_ns());
	view->used = counts->whole.live;
	view->half_open = counts->whole.half_open;
	view->expired = counts->whole.over;
}
