// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Messages of poise/wire.h over a connected SOCK_SEQPACKET socket.
#pragma once

#include <stddef.h>

#include <poise/wire.h>

union cp_wire_message {
	struct poise_wire_header header;
	struct poise_wire_welcome welcome;
	struct poise_wire_table table;
	struct poise_wire_snapshot snapshot;
	struct poise_wire_result result;
};

// A connected non-blocking socket, or -errno.
int cp_wire_connect(const char *path);

// Fill the header and send `length` bytes, with `descriptor` unless it is -1. 0 or -errno.
int cp_wire_send(int fd, union cp_wire_message *message, enum poise_wire_type type, size_t length,
		 __u32 request, int descriptor);

// Receive one message and check magic, type and length; *descriptor is the caller's to close, or -1. Returns 0,
// -EAGAIN, -EPIPE at the end, -EPROTO for a message that is none, -EPROTOTYPE for one of another ABI version
// (its header is there), or another -errno.
int cp_wire_receive(int fd, union cp_wire_message *message, int *descriptor);
