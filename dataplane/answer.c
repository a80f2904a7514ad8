// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See answer.h.
#include "answer.h"

#include <poise/reset.h>

#include "transmit.h"

static void *data_end(const struct rte_mbuf *packet)
{
	return rte_pktmbuf_mtod(packet, uint8_t *) + packet->data_len;
}

void dp_answer(struct dp_worker *worker, struct rte_mbuf *packet, const struct poise_packet *parsed)
{
	const struct poise_snapshot *snapshot = worker->burst.snapshot;
	const uint8_t *mac = snapshot->ports[packet->port].mac;
	void *frame = rte_pktmbuf_mtod(packet, void *);
	enum poise_verdict verdict;

	if (parsed->kind == POISE_PACKET_ARP)
		verdict = poise_reply_arp(snapshot, frame, data_end(packet), parsed->l3, mac,
					  !(snapshot->flags & POISE_SNAPSHOT_EXCEPTION_PATH));
	else
		verdict = poise_reply_echo(snapshot, frame, data_end(packet), parsed, mac);
	if (poise_verdict_kind(verdict) == POISE_KIND_REPLY)
		dp_transmit_as(worker, packet, packet->port, verdict);
	else
		dp_drop(worker, packet, verdict);
}

// Turn the packet into the error about itself. Returns false when its buffer is too small.
static bool build_expired(struct rte_mbuf *packet, const struct poise_step *step, const uint8_t mac[6])
{
	uint8_t quoted[POISE_TIME_EXCEEDED_QUOTE];
	uint16_t l3 = step->packet.l3;
	uint32_t quote = step->packet.l4 - l3 + 8u, length;
	uint8_t *frame;

	if (packet->next) {
		rte_pktmbuf_free(packet->next);
		packet->next = NULL;
		packet->nb_segs = 1;
		packet->pkt_len = packet->data_len;
	}
	// The parser has seen the whole TCP header in the first segment.
	if (quote > sizeof(quoted) || l3 + quote > packet->data_len)
		return false;
	length = l3 + POISE_TIME_EXCEEDED_HEADER + quote;
	if (length > packet->data_len && !rte_pktmbuf_append(packet, (uint16_t)(length - packet->data_len)))
		return false;
	if (length < packet->data_len)
		rte_pktmbuf_trim(packet, (uint16_t)(packet->data_len - length));
	frame = rte_pktmbuf_mtod(packet, uint8_t *);
	memcpy(quoted, frame + l3, quote);
	poise_build_time_exceeded(frame + l3, quoted, quote, step->packet.key.dst);
	poise_reply_link((struct poise_eth *)frame, mac);
	return true;
}

void dp_answer_expired(struct dp_worker *worker, struct rte_mbuf *packet, const struct poise_step *step)
{
	const uint8_t *mac = worker->burst.snapshot->ports[packet->port].mac;
	const uint8_t *frame = rte_pktmbuf_mtod(packet, const uint8_t *);

	// No error about an error, nor about what was sent to a group (RFC 1812 4.3.2.7).
	if (step->packet.kind != POISE_PACKET_TCP || step->vip_index == POISE_NONE16 || frame[0] & 1 ||
	    !poise_error_allowed(&worker->errors, worker->burst.now_ms) || !build_expired(packet, step, mac)) {
		dp_drop(worker, packet, POISE_TTL_EXPIRED);
		return;
	}
	dp_transmit_as(worker, packet, packet->port, POISE_TTL_EXPIRED);
}

void dp_answer_reset(struct dp_worker *worker, struct rte_mbuf *packet, const struct poise_step *step,
		     enum poise_verdict verdict)
{
	const uint8_t *mac = worker->burst.snapshot->ports[packet->port].mac;
	uint32_t length = poise_reply_reset(rte_pktmbuf_mtod(packet, void *), data_end(packet), &step->packet, mac);

	if (!length) {
		dp_drop(worker, packet, verdict);
		return;
	}
	if (packet->next) {
		rte_pktmbuf_free(packet->next);
		packet->next = NULL;
		packet->nb_segs = 1;
		packet->pkt_len = packet->data_len;
	}
	rte_pktmbuf_trim(packet, (uint16_t)(packet->data_len - length));
	dp_transmit_as(worker, packet, packet->port, verdict);
}
