// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See stamper.h.
#include "stamper.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <rte_mbuf.h>

static uint64_t random_next(struct stamper *stamper)
{
	stamper->random ^= stamper->random << 13;
	stamper->random ^= stamper->random >> 7;
	stamper->random ^= stamper->random << 17;
	return stamper->random;
}

// Sum of the 16-bit words as they lie in memory; byte order does not matter to a ones' complement sum.
static uint32_t sum_words(const void *data, uint32_t bytes)
{
	const uint8_t *at = data;
	uint32_t sum = 0;

	for (uint32_t i = 0; i < bytes; i += 2) {
		uint16_t word;

		memcpy(&word, at + i, 2);
		sum += word;
	}
	return sum;
}

static inline uint32_t sum_address(uint32_t address)
{
	return (address & 0xffff) + (address >> 16);
}

// Templates have zero where a flow's own values go, and sums to which they are only added.
static void make_template(struct stamper *stamper, enum bench_kind kind)
{
	struct bench_frame *frame = &stamper->templates[kind];
	uint32_t length = BENCH_FRAME - 34;

	bench_frame_write(frame, 0, kind, stamper->backends);
	frame->ip_check = 0;
	frame->tcp_check = 0;
	frame->number = 0;
	if (bench_inward(kind)) {
		frame->source = 0;
		frame->source_port = 0;
	} else {
		frame->source = 0;
		frame->target = 0;
		frame->target_port = 0;
	}
	stamper->ip_sums[kind] = sum_words(&frame->version, 20);
	stamper->tcp_sums[kind] = sum_words(&frame->source, 8) + sum_words(&frame->source_port, length) +
				  __builtin_bswap16(6) + __builtin_bswap16((uint16_t)length);
}

static inline uint16_t complement(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

static inline void stamp(const struct stamper *stamper, struct rte_mbuf *packet, uint32_t number,
			 enum bench_kind kind, uint16_t size)
{
	struct bench_frame *frame = rte_pktmbuf_mtod(packet, struct bench_frame *);
	struct bench_flow flow = bench_flow(number, stamper->backends);
	uint32_t client = __builtin_bswap32(flow.client), ip = stamper->ip_sums[kind] + sum_address(client);
	uint16_t port = __builtin_bswap16(flow.client_port);
	uint32_t tcp = stamper->tcp_sums[kind] + sum_address(client) + port + sum_address(number);

	memcpy(frame, &stamper->templates[kind], sizeof(*frame));
	if (bench_inward(kind)) {
		frame->source = client;
		frame->source_port = port;
	} else {
		uint32_t backend = __builtin_bswap32(flow.backend);

		ip += sum_address(backend);
		tcp += sum_address(backend);
		frame->source = backend;
		frame->target = client;
		frame->target_port = port;
	}
	frame->number = number;
	if (POISE_UNLIKELY(size != BENCH_FRAME)) { // the template has a frame's length: exchange it
		frame->length = __builtin_bswap16((uint16_t)(size - 14));
		ip += frame->length + (uint16_t)~__builtin_bswap16(BENCH_FRAME - 14);
		tcp += __builtin_bswap16((uint16_t)(size - 34)) + (uint16_t)~__builtin_bswap16(BENCH_FRAME - 34);
	}
	frame->ip_check = complement(ip);
	frame->tcp_check = complement(tcp);
	packet->data_len = size;
	packet->pkt_len = size;
}

static bool is_ours(const struct stamper *stamper, const struct poise_table *table, uint32_t number)
{
	struct bench_flow flow = bench_flow(number, stamper->backends);
	struct poise_place place;

	if (!table)
		return true;
	place = poise_place_client(table, __builtin_bswap32(flow.client), __builtin_bswap16(flow.client_port));
	return stamper->shards >> place.shard & 1;
}

static inline uint32_t next_live(struct stamper *stamper)
{
	if (stamper->pattern == STAMPER_UNIFORM)
		return permutation_next(&stamper->permutation);
	if (stamper->pattern == STAMPER_ZIPF)
		return stamper->zipf[stamper->position++ & (STAMPER_ZIPF_SIZE - 1)];
	if (stamper->pattern == STAMPER_LISTED) {
		if (stamper->position >= stamper->listed)
			stamper->position = 0;
		return stamper->list[stamper->position++];
	}
	if (stamper->position >= stamper->flows)
		stamper->position = 0;
	return (uint32_t)stamper->position++;
}

// Of one packet. All the same is the usual case, and must not cost what a mix costs.
static inline uint16_t drawn_size(struct stamper *stamper)
{
	if (POISE_LIKELY(stamper->sizes[0] == stamper->sizes[STAMPER_SIZES - 1]))
		return stamper->sizes[0];
	return stamper->sizes[((random_next(stamper) >> 32) * STAMPER_SIZES) >> 32];
}

static uint16_t stamp_live(struct stamper *stamper, struct rte_mbuf **packets, uint16_t count)
{
	uint64_t ways = random_next(stamper); // a bit for each packet of the burst

	for (uint16_t i = 0; i < count; i++, ways >>= 1)
		stamp(stamper, packets[i], next_live(stamper), ways & 1 ? BENCH_DATA_OUT : BENCH_DATA_IN,
		      drawn_size(stamper));
	return count;
}

static uint16_t stamp_open(struct stamper *stamper, struct rte_mbuf **packets, uint16_t count)
{
	uint64_t all = 3ull * stamper->flows;
	uint16_t made = 0;

	for (; made < count && stamper->position < all; stamper->position++) {
		enum bench_kind kind = (enum bench_kind)(stamper->position / stamper->flows);
		uint32_t number = stamper->first + (uint32_t)(stamper->position % stamper->flows);

		if (is_ours(stamper, stamper->table, number))
			stamp(stamper, packets[made++], number, kind, BENCH_FRAME);
	}
	if (stamper->position >= all)
		stamper->pattern = STAMPER_OFF;
	return made;
}

// Packet p of connection c comes at step 6 (c + p GAP) + p: connections begin one after the other, and the
// packets of one are a few milliseconds apart, as on a network.
static uint16_t stamp_life(struct stamper *stamper, struct rte_mbuf **packets, uint16_t count)
{
	static const enum bench_kind kinds[STAMPER_PACKETS] = {BENCH_SYN,     BENCH_SYN_ACK, BENCH_ACK,
							       BENCH_DATA_IN, BENCH_FIN_IN,  BENCH_FIN_OUT};
	uint16_t made = 0;

	while (made < count) {
		uint64_t step = stamper->position++ / STAMPER_PACKETS;
		uint32_t packet = (uint32_t)((stamper->position - 1) % STAMPER_PACKETS);

		if (step >= (uint64_t)packet * STAMPER_GAP)
			stamp(stamper, packets[made++],
			      stamper->first + (uint32_t)(step - packet * STAMPER_GAP), kinds[packet], BENCH_FRAME);
	}
	return made;
}

static uint16_t stamp_flood(struct stamper *stamper, struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		stamp(stamper, packets[i], stamper->first + (uint32_t)stamper->position++, BENCH_SYN,
		      BENCH_FRAME);
	return count;
}

uint16_t stamper_receive(uint16_t port, uint16_t queue, struct rte_mbuf **packets, uint16_t count,
			 uint16_t most, void *argument)
{
	struct stamper *stamper = argument;
	uint16_t kept;

	(void)port, (void)queue, (void)most;
	switch (stamper->pattern) {
	case STAMPER_OPEN:
		kept = stamp_open(stamper, packets, count);
		break;
	case STAMPER_LIFE:
		kept = stamp_life(stamper, packets, count);
		break;
	case STAMPER_FLOOD:
		kept = stamp_flood(stamper, packets, count);
		break;
	case STAMPER_OFF:
	case STAMPER_PATTERNS:
		kept = 0;
		break;
	default:
		kept = stamp_live(stamper, packets, count);
	}
	if (kept < count)
		rte_pktmbuf_free_bulk(packets + kept, count - kept);
	stamper->written += kept;
	return kept;
}

// Flow numbers by popularity: rank r has a share of 1/r. Which flow has which rank is random.
static int make_zipf(struct stamper *stamper)
{
	double harmonic = log((double)stamper->flows) + 0.5772156649;

	stamper->zipf = malloc(STAMPER_ZIPF_SIZE * sizeof(*stamper->zipf));
	if (!stamper->zipf)
		return -ENOMEM;
	for (uint32_t i = 0; i < STAMPER_ZIPF_SIZE; i++) {
		double share = (double)(random_next(stamper) >> 11) / 9007199254740992.0;
		// The inverse of the harmonic sum, by ln r + gamma; exact enough above the first few ranks.
		double rank = exp(share * harmonic - 0.5772156649);
		uint64_t mixed = (uint64_t)(rank < 1 ? 0 : rank - 1) * 0x9e3779b97f4a7c15u;

		stamper->zipf[i] = (uint32_t)(((mixed >> 32) * stamper->flows) >> 32);
	}
	return 0;
}

int stamper_list(struct stamper *stamper, const struct poise_table *table)
{
	struct permutation permutation = stamper->permutation;
	uint32_t *list = realloc(stamper->list, stamper->flows * sizeof(*list));

	if (!list)
		return -ENOMEM;
	stamper->list = list;
	stamper->listed = 0;
	for (uint32_t i = 0; i < stamper->flows; i++) {
		uint32_t number = permutation_next(&permutation);

		if (is_ours(stamper, table, number))
			list[stamper->listed++] = number;
	}
	return stamper->listed ? 0 : -ENOMEM;
}

int stamper_init(struct stamper *stamper, uint32_t flows, uint32_t backends, uint64_t seed)
{
	*stamper = (struct stamper){.flows = flows, .backends = backends, .random = seed | 1};
	permutation_init(&stamper->permutation, flows, (uint32_t)seed);
	for (enum bench_kind kind = BENCH_SYN; kind < BENCH_KINDS; kind++)
		make_template(stamper, kind);
	stamper_size(stamper, "64");
	return make_zipf(stamper);
}

int stamper_size(struct stamper *stamper, const char *size)
{
	static const uint16_t mix[STAMPER_SIZES] = {64, 64, 64, 64, 64, 64, 64, 594, 594, 594, 594, 1514};
	int bytes = atoi(size);

	if (!strcmp(size, "imix")) {
		memcpy(stamper->sizes, mix, sizeof(mix));
		return 0;
	}
	if (bytes < (int)BENCH_FRAME || bytes > 1514)
		return -EINVAL;
	for (uint32_t i = 0; i < STAMPER_SIZES; i++)
		stamper->sizes[i] = (uint16_t)bytes;
	return 0;
}

void stamper_begin(struct stamper *stamper, enum stamper_pattern pattern, uint32_t first)
{
	stamper->first = first;
	if (pattern != STAMPER_UNIFORM)
		stamper->position = 0;
	__atomic_store_n(&stamper->pattern, pattern, __ATOMIC_RELEASE);
}

enum stamper_pattern stamper_pattern(const char *name)
{
	static const char *const names[STAMPER_PATTERNS] = {"off",  "uniform", "zipf", "sequential",
							    "open", "life",    "flood", "listed"};
	enum stamper_pattern pattern = STAMPER_OFF;

	while (pattern < STAMPER_PATTERNS && strcmp(name, names[pattern]))
		pattern++;
	return pattern;
}
