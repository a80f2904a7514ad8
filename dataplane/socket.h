// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The dataplane's door: a SOCK_SEQPACKET Unix socket, one message a datagram, at most one descriptor with it.
// Plain C without EAL. Cold: main lcore only.
#pragma once

#include <stddef.h>

#include <poise/wire.h>

#include "log.h"

// Longest message that a peer sends.
#define DP_MESSAGE_SIZE 256u

union dp_message {
	struct poise_wire_header header;
	struct poise_wire_table table;
	struct poise_wire_snapshot snapshot;
	char bytes[DP_MESSAGE_SIZE];
};

// Take the name of the instance whose socket is `path`: one that no file system holds, so that removing files does not
// open the door for a second dataplane. Held until the descriptor is closed, or the process ends. Returns it, or
// -EADDRINUSE with a line in *error when another process has it, also after a second; another -errno likewise.
int dp_socket_claim(const char *path, struct dp_error *error);

// Listen at `path`. The socket file of a dead process is replaced; a live one is refused with -EADDRINUSE.
// Returns the descriptor (non-blocking) or -errno.
int dp_socket_listen(const char *path, struct dp_error *error);

// Take the next peer: root or our own user, nobody else. Returns its descriptor (non-blocking), -EAGAIN when
// nobody waits, or another -errno.
int dp_socket_accept(int listener, struct dp_error *error);

// Receive one message, checked: whole, of our magic and version, as long as its type asks. *descriptor is the
// caller's to close, or -1. Returns 0, -EAGAIN, -EPIPE when the peer has gone, or -EPROTO with a line.
int dp_socket_receive(int peer, union dp_message *message, int *descriptor, struct dp_error *error);

// Send one message, with `descriptor` unless it is -1. Returns 0 or -errno; never blocks.
int dp_socket_send(int peer, const void *message, size_t length, int descriptor);
