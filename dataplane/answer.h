// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Packets that a worker answers by itself, in place: ARP, ICMP echo, ICMP time exceeded. Hot, but rare: all in
// answer.c, out of the pipeline's way.
#pragma once

#include "worker.h"

// Answer an ARP or echo request, or drop it under its reason. Takes the packet.
void dp_answer(struct dp_worker *worker, struct rte_mbuf *packet, const struct poise_packet *parsed);

// The TTL of a packet ran out here. When it was on its way to a service its sender is told, unless too many
// were told already. Takes the packet.
void dp_answer_expired(struct dp_worker *worker, struct rte_mbuf *packet, const struct poise_step *step);

// Answer a packet of a flow that is to be reset, or of a service without backend, with a reset; counted as `verdict`.
// Takes the packet.
void dp_answer_reset(struct dp_worker *worker, struct rte_mbuf *packet, const struct poise_step *step,
		     enum poise_verdict verdict);
