// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// Sizing, making and re-attaching a flow table. For processes; the BPF side only reads line 0.
#pragma once

#include <poise/table.h>

// Spread of flows over shards is binomial; this much room above the mean keeps a shard from filling long
// before the table (four standard deviations, at least 16 records).
POISE_INLINE __u32 poise_table_shard_records(__u32 max_flows)
{
	__u32 mean = (max_flows + POISE_SHARDS - 1) / POISE_SHARDS, root = 1;

	while (root * root < mean)
		root++;
	return mean + (4 * root > 16 ? 4 * root : 16);
}

// Lines of one row of source cells: a cell for each four flows, up to a limit.
POISE_INLINE __u32 poise_source_row_lines(__u32 records_per_shard)
{
	__u32 lines = records_per_shard * (POISE_SHARDS / 4 / POISE_SOURCE_CELLS);

	return lines < POISE_SOURCE_ROW_LINES_MOST ? lines : POISE_SOURCE_ROW_LINES_MOST;
}

// Lay a table out for `max_flows` flows (1 to 1 << 28). Returns the number of 64-byte lines it needs and
// fills *table except base and seed. No memory is touched.
POISE_INLINE __u32 poise_table_layout(struct poise_table *table, __u32 max_flows)
{
	// One bucket for about four records. A full-NAT flow has two entries: when all flows are of that kind, eight
	// of ten slots are in use on average, which sixteen probes cope with (test_table.c; with eight the first flow
	// was refused at 97 %). What the records take above the mean the buckets give, up to a sixteenth of them, so
	// 10 million flows cost 80 bytes each, all in.
	__u32 mean = (max_flows + POISE_SHARDS - 1) / POISE_SHARDS, above, given, sources;

	table->records_per_shard = poise_table_shard_records(max_flows);
	above = table->records_per_shard - mean;
	sources = POISE_SOURCE_ROWS * poise_source_row_lines(table->records_per_shard);
	given = above + above / 4 + 64 + 8 + sources / POISE_SHARDS; // the lines in front of the buckets too
	if (given > table->records_per_shard / 64)
		given = table->records_per_shard / 64;
	table->buckets_per_shard = table->records_per_shard / 4 + 12 - given;
	table->shard_first = 1;
	table->cursor_first = table->shard_first + POISE_SHARDS;
	table->gate_first = table->cursor_first + POISE_MAX_VIPS;
	table->bucket_first = poise_source_first(table) + sources;
	table->record_first = table->bucket_first + POISE_SHARDS * table->buckets_per_shard;
	table->lines = table->record_first + POISE_SHARDS * table->records_per_shard;
	return table->lines;
}

// Write a new table into zeroed memory of poise_table_layout() lines at `base`, aligned to a line. `seed`
// comes from getrandom(2). The magic is written last, so a table half made is never attached.
POISE_INLINE void poise_table_format(struct poise_table *table, void *base, __u32 max_flows,
				     const __u64 seed[2])
{
	struct poise_table_header *header = base;

	poise_table_layout(table, max_flows);
	table->base = base;
	table->seed[0] = header->seed[0] = seed[0];
	table->seed[1] = header->seed[1] = seed[1];
	header->abi_version = POISE_ABI_VERSION;
	header->line_size = POISE_LINE_SIZE;
	header->shard_first = table->shard_first;
	header->cursor_first = table->cursor_first;
	header->gate_first = table->gate_first;
	header->bucket_first = table->bucket_first;
	header->record_first = table->record_first;
	header->buckets_per_shard = table->buckets_per_shard;
	header->records_per_shard = table->records_per_shard;
	header->lines = table->lines;
	POISE_STORE_RELEASE(header->magic, POISE_TABLE_MAGIC);
}

// Attach to a table of `bytes` bytes at `base` that another process made. Returns 0, or a static text that
// says what is wrong with it (the memory is then not to be used).
POISE_INLINE const char *poise_table_attach(struct poise_table *table, void *base, size_t bytes)
{
	const struct poise_table_header *header = base;
	__u64 end;

	if (bytes < sizeof(*header) || POISE_LOAD_ACQUIRE(header->magic) != POISE_TABLE_MAGIC)
		return "not a flow table";
	if (header->abi_version != POISE_ABI_VERSION || header->line_size != POISE_LINE_SIZE)
		return "flow table of another version";
	end = (__u64)header->record_first + (__u64)POISE_SHARDS * header->records_per_shard;
	if (end != header->lines || end * POISE_LINE_SIZE > bytes || !header->records_per_shard ||
	    !(header->seed[0] | header->seed[1]) || header->buckets_per_shard < POISE_PROBE_MAX ||
	    header->shard_first != 1 ||
	    header->cursor_first != header->shard_first + POISE_SHARDS ||
	    header->gate_first != header->cursor_first + POISE_MAX_VIPS ||
	    header->bucket_first !=
		    header->gate_first + POISE_GATE_LINES + POISE_MAX_WORKERS + POISE_TRACE_LINES +
			    POISE_SOURCE_ROWS * poise_source_row_lines(header->records_per_shard) ||
	    header->record_first !=
		    header->bucket_first + (__u64)POISE_SHARDS * header->buckets_per_shard)
		return "flow table with damaged header";
	table->base = base;
	table->seed[0] = header->seed[0];
	table->seed[1] = header->seed[1];
	table->shard_first = header->shard_first;
	table->cursor_first = header->cursor_first;
	table->gate_first = header->gate_first;
	table->bucket_first = header->bucket_first;
	table->record_first = header->record_first;
	table->buckets_per_shard = header->buckets_per_shard;
	table->records_per_shard = header->records_per_shard;
	table->lines = header->lines;
	return NULL;
}
