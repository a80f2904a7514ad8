// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See checker.h.
#include "checker.h"

#include <rte_mbuf.h>

#include "traffic.h"

static const char *look_at(const struct checker *checker, const struct rte_mbuf *packet)
{
	const struct bench_frame *frame = rte_pktmbuf_mtod(packet, const struct bench_frame *);

	if (packet->data_len != __builtin_bswap16(frame->length) + 14 || packet->pkt_len != packet->data_len)
		return "length";
	if (checker->translated)
		return bench_frame_wrong(frame, checker->backends, checker->full);
	return memcmp(frame->text, "poise", sizeof(frame->text)) ? "data" : NULL;
}

uint16_t checker_send(uint16_t port, uint16_t queue, struct rte_mbuf **packets, uint16_t count,
		      void *argument)
{
	struct checker *checker = argument;

	(void)port, (void)queue;
	checker->sent += count;
	for (uint32_t at = checker->countdown; at < count; at += CHECKER_EVERY) {
		const char *why = look_at(checker, packets[at]);

		checker->checked++;
		if (why) {
			checker->wrong++;
			checker->why = why;
		}
		checker->countdown += CHECKER_EVERY;
	}
	checker->countdown -= count;
	return count;
}
