// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Steering: frames that belong to a service or to a known return path go to the dataplane's AF_XDP socket of
// their queue, everything else (ARP, SSH, health checks, routing protocols) to the kernel. No packet
// arithmetic here: all of it is include/poise/.
//
// DPDK's AF_XDP driver adopts an attached program that is named xsk_def_prog, says xsk_prog_version 1 and
// uses a map xsks_map; so the attachment belongs to poised and outlives the dataplane.
#include "maps.bpf.h"

static __always_inline void *xdp_line(__u32 line)
{
	return bpf_map_lookup_elem(&poise_flows, &line);
}
#define POISE_TABLE_LINE(table, line) xdp_line(line)

#include <poise/path.h>

// Read by libxdp when the driver looks for a program to share.
__uint(xsk_prog_version, 1) SEC("xdp_metadata");

static __always_inline void count(__u32 fate)
{
	__u64 *value = bpf_map_lookup_elem(&poise_fates, &fate);

	if (value)
		++*value;
}

// Fill this program's view of the table from line 0. Returns 0 when there is no table.
static __always_inline int table_open(struct poise_table *table)
{
	const struct poise_table_header *header = xdp_line(0);

	if (!header || header->magic != POISE_TABLE_MAGIC)
		return 0;
	table->seed[0] = header->seed[0];
	table->seed[1] = header->seed[1];
	table->shard_first = header->shard_first;
	table->cursor_first = header->cursor_first;
	table->gate_first = header->gate_first;
	table->bucket_first = header->bucket_first;
	table->record_first = header->record_first;
	table->buckets_per_shard = header->buckets_per_shard;
	return 1;
}

// Does a packet that the parser let through belong to the dataplane?
static __always_inline int ours(const struct poise_snapshot *snapshot, struct poise_step *step)
{
	struct poise_table table = {};

	switch (step->packet.kind) {
	case POISE_PACKET_ARP:
	case POISE_PACKET_ICMP_ECHO:
		return poise_vip_find(snapshot, step->packet.outer_dst, 0) != POISE_NONE16;
	case POISE_PACKET_TCP:
	case POISE_PACKET_ICMP_ERROR:
		break;
	default:
		return 0;
	}
	if (!table_open(&table))
		return 0;
	poise_classify(snapshot, &table, step);
	if (step->direction == POISE_INWARD)
		return 1;
	return poise_table_find(&table, &step->place, &step->packet.key, POISE_OUTWARD) != 0;
}

SEC("xdp")
int xsk_def_prog(struct xdp_md *context)
{
	void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
	const struct poise_snapshot *snapshot;
	const struct poise_xdp_state *state;
	struct poise_step step = {};
	enum poise_verdict verdict;
	__u32 zero = 0, half;
	int mine;

	state = bpf_map_lookup_elem(&poise_state, &zero);
	if (!state || !state->published)
		return XDP_PASS;
	half = state->active & 1;
	snapshot = bpf_map_lookup_elem(&poise_snapshots, &half);
	if (!snapshot)
		return XDP_PASS;
	verdict = poise_parse(data, end, end - data, &step.packet);
	if (verdict == POISE_FORWARDED)
		mine = ours(snapshot, &step);
	else // broken packets to a service are the dataplane's to count
		mine = poise_verdict_kind(verdict) == POISE_KIND_DROP && step.packet.outer_dst &&
		       poise_vip_find(snapshot, step.packet.outer_dst, 0) != POISE_NONE16;
	if (!mine) {
		count(POISE_XDP_PASSED);
		return XDP_PASS;
	}
	if (bpf_redirect_map(&xsks_map, context->rx_queue_index, XDP_PASS) == XDP_REDIRECT) {
		count(POISE_XDP_REDIRECTED);
		return XDP_REDIRECT;
	}
	// No dataplane. TCP repeats what is dropped here. The kernel, given the frame, would end the connection:
	// it forwards what a backend answers as it is, and the client resets a connection with a stranger.
	count(POISE_XDP_NO_SOCKET);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
