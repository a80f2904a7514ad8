// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A small server of one request and one answer a connection, with every quantity bounded: clients, request
// bytes, and absolute time to send the request and to take the answer (so neither a slow writer nor a slow
// reader holds a place for long). The control socket and the metrics stand on it.
// poised's thread; callbacks run in the event loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <event2/buffer.h>
#include <event2/event.h>

struct cp_stream;
struct cp_stream_client;

struct cp_stream_ops {
	unsigned clients_max; // the last place is kept free: the longest silent client goes, or else the one that has
			      // its answer and reads it slowest; when none is such, more wait in the kernel's queue
	size_t unread_max;    // bytes of answers that nobody has read yet; over that the oldest such answer goes
	size_t request_max;   // bytes; longer ones are passed on as they are, not complete
	unsigned deadline_ms; // for the request, and again for the answer
	// Bytes of the first whole request in `input`, 0: not all there yet.
	size_t (*complete)(struct evbuffer *input);
	// A request; `whole` is false when it grew over request_max or the client stopped sending before its
	// end. Answer with cp_stream_answer(), now or later. `text` is valid during the call.
	void (*request)(void *context, struct cp_stream_client *client, const char *text, size_t length,
			bool whole);
	// The client is gone before it was answered (may be NULL).
	void (*gone)(void *context, struct cp_stream_client *client);
};

// Serve on a listening non-blocking socket, which is owned from now on (also on failure). `ops` must
// outlive the server. Returns NULL without memory.
struct cp_stream *cp_stream_create(struct event_base *base, int fd, const struct cp_stream_ops *ops,
				   void *context);
// Drops all clients; gone() is called for those that still wait.
void cp_stream_destroy(struct cp_stream *stream);

// Move `answer` out to the client; the connection ends when it is sent (at once when there is nothing to send
// or `answer` is NULL). Once a client.
void cp_stream_answer(struct cp_stream_client *client, struct evbuffer *answer);

// Something of the handler's own to be kept with the client until the answer.
// Has the client closed its socket, so that nobody would read an answer?
bool cp_stream_gone(const struct cp_stream_client *client);

void cp_stream_set_pending(struct cp_stream_client *client, void *pending);
void *cp_stream_pending(const struct cp_stream_client *client);
