// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// A probe of long-lived connections: what is sent, how it is checked, and the two ends. Every message carries its
// connection, its number and a checksum, and is sent back as it is, so that a byte that changed, a message that was
// lost or came twice, and a connection that ended are all seen, and when.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROBE_MAGIC 0x50524f42u

struct probe_message {
	uint32_t magic;
	uint32_t connection;
	uint64_t number; // of this connection, from 0
	uint64_t sent_ns;
	uint8_t filling[96];
	uint64_t checksum; // of all before
};

static inline uint64_t probe_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

// FNV-1a.
static inline uint64_t probe_checksum(const struct probe_message *message)
{
	const uint8_t *bytes = (const uint8_t *)message;
	uint64_t sum = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < offsetof(struct probe_message, checksum); i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3ull;
	return sum;
}

static inline void probe_fill(struct probe_message *message, uint32_t connection, uint64_t number, uint64_t sent_ns)
{
	*message = (struct probe_message){PROBE_MAGIC, connection, number, sent_ns, {0}, 0};
	for (size_t i = 0; i < sizeof(message->filling); i++)
		message->filling[i] = (uint8_t)(number * 31 + connection + i);
	message->checksum = probe_checksum(message);
}

static inline int probe_whole(const struct probe_message *message)
{
	return message->magic == PROBE_MAGIC && message->checksum == probe_checksum(message);
}

static inline void probe_die(const char *what)
{
	perror(what);
	exit(2);
}

struct probe_plan {
	const char *address;
	uint16_t port;
	uint32_t connections;  // that live as long as the probe
	uint32_t messages_s;   // over all of them
	uint32_t connects_s;   // short ones: connect, one message, close
};

// Send every message back. Does not return.
void probe_serve(uint16_t port);

// Run until the standard input ends. A line "mark NAME" there is answered by one line of JSON about the time since
// the last one. Returns the exit status.
int probe_run(const struct probe_plan *plan);
