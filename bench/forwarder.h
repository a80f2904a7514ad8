// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The limits that Poise is measured against, with the same device, packets and burst: what testpmd does in
// its modes io, macswap and csum.
#pragma once

#include <stdint.h>

enum forwarder { FORWARDER_IO, FORWARDER_MACSWAP, FORWARDER_CSUM };

// Receive a burst and send it. Returns the number of packets.
uint32_t forwarder_turn(enum forwarder forwarder, uint16_t port, uint16_t queue);
