// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "trace_read.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// A writer that ended in the middle of a record never completes it. When so many later ones are there it is given up.
#define GIVE_UP 16u

// Who asks again for the same misses no packet meanwhile.
static bool same(const struct poise_trace_control *control, const struct poise_trace_control *wanted)
{
	return control->address == wanted->address && control->mask == wanted->mask && control->port == wanted->port &&
	       control->vip_index == wanted->vip_index && control->backend_index == wanted->backend_index &&
	       control->drops == wanted->drops;
}

static void fill(struct poise_trace_control *control, const struct poise_trace_control *wanted)
{
	if (POISE_LOAD(control->until_ns)) { // nobody reads the line while it changes
		POISE_STORE(control->until_ns, 0);
		POISE_BARRIER();
	}
	control->address = wanted->address;
	control->mask = wanted->mask;
	control->port = wanted->port;
	control->vip_index = wanted->vip_index;
	control->backend_index = wanted->backend_index;
	control->drops = wanted->drops;
}

int cp_trace_ask(const struct cp_flow_memory *flows, const struct poise_trace_control *wanted)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), at = (size_t)poise_trace_first(&flows->table) * POISE_LINE_SIZE;
	size_t start = at / page * page, bytes = at + POISE_LINE_SIZE - start;
	struct poise_trace_control *control;
	void *base;

	if (flows->fd < 0)
		return -ENOENT;
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, flows->fd, (off_t)start);
	if (base == MAP_FAILED)
		return -errno;
	control = (void *)((uint8_t *)base + (at - start));
	if (!same(control, wanted))
		fill(control, wanted);
	POISE_STORE_RELEASE(control->until_ns, wanted->until_ns);
	munmap(base, bytes);
	return 0;
}

uint64_t cp_trace_now(const struct cp_flow_memory *flows)
{
	return POISE_LOAD(poise_trace_head(&flows->table)->next);
}

enum found { FOUND, NOT_YET, LOST };

static enum found copy(const struct cp_flow_memory *flows, uint64_t position, struct poise_trace_record *record,
		       uint8_t bytes[POISE_TRACE_BYTES])
{
	const struct poise_trace_record *from =
		POISE_TABLE_LINE(&flows->table, poise_trace_line(&flows->table, position));
	uint64_t sequence = POISE_LOAD_ACQUIRE(from->sequence);

	if (sequence > position + 1)
		return LOST;
	if (sequence != position + 1)
		return cp_trace_now(flows) > position + GIVE_UP ? LOST : NOT_YET;
	memcpy(record, from, sizeof(*record));
	memcpy(bytes, from + 1, POISE_TRACE_BYTES);
	POISE_BARRIER_READ();
	if (POISE_LOAD(from->sequence) != sequence)
		return LOST;
	if (record->captured > POISE_TRACE_BYTES)
		record->captured = POISE_TRACE_BYTES;
	return FOUND;
}

enum cp_trace_result cp_trace_next(const struct cp_flow_memory *flows, uint64_t *position, uint64_t *missed,
				   struct cp_trace_packet *packet)
{
	for (;;) {
		uint64_t end = cp_trace_now(flows);
		enum found found;

		if (*position > end) // another table than the one that was asked
			*position = end;
		if (end - *position > POISE_TRACE_RECORDS) {
			*missed += end - *position - POISE_TRACE_RECORDS;
			*position = end - POISE_TRACE_RECORDS;
		}
		if (*position == end)
			return CP_TRACE_WAIT;
		found = copy(flows, *position, &packet->in, packet->in_bytes);
		if (found == NOT_YET)
			return CP_TRACE_WAIT;
		if (found == LOST || packet->in.side != POISE_TRACE_IN) {
			++*position;
			*missed += found == LOST;
			continue;
		}
		if (*position + 1 < end) {
			found = copy(flows, *position + 1, &packet->out, packet->out_bytes);
			if (found == NOT_YET)
				return CP_TRACE_WAIT;
			packet->left = found == FOUND && packet->out.side == POISE_TRACE_OUT;
		} else {
			packet->left = false;
		}
		*position += packet->left ? 2 : 1;
		return CP_TRACE_PACKET;
	}
}
