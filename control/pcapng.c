// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "pcapng.h"

#include <string.h>

#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 6u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINK_ETHERNET 1u

#define OPTION_END 0u
#define OPTION_COMMENT 1u
#define OPTION_APPLICATION 4u // of a section
#define OPTION_NAME 2u	      // of an interface
#define OPTION_RESOLUTION 9u  // of an interface's timestamps
#define OPTION_FLAGS 2u	      // of a packet
#define FLAG_INBOUND 1u
#define FLAG_OUTBOUND 2u

static void add32(struct evbuffer *out, uint32_t value)
{
	evbuffer_add(out, &value, 4);
}

static void add16(struct evbuffer *out, uint32_t value)
{
	uint16_t half = (uint16_t)value;

	evbuffer_add(out, &half, 2);
}

// Bytes, filled up to four.
static void add_padded(struct evbuffer *out, const void *bytes, size_t length)
{
	static const uint8_t zero[4];

	evbuffer_add(out, bytes, length);
	evbuffer_add(out, zero, -length & 3);
}

static void add_option(struct evbuffer *out, uint32_t code, const void *bytes, size_t length)
{
	add16(out, code);
	add16(out, (uint32_t)length);
	add_padded(out, bytes, length);
}

// Wrap a body into a block: type and length before, length behind.
static void add_block(struct evbuffer *out, uint32_t type, struct evbuffer *body)
{
	uint32_t length = (uint32_t)evbuffer_get_length(body) + 12;

	add32(out, type);
	add32(out, length);
	evbuffer_add_buffer(out, body);
	add32(out, length);
	evbuffer_free(body);
}

void cp_pcapng_section(struct evbuffer *out, const char *application)
{
	struct evbuffer *body = evbuffer_new();

	if (!body)
		return;
	add32(body, BYTE_ORDER_MAGIC);
	add16(body, 1); // version 1.0
	add16(body, 0);
	add32(body, ~0u); // the section's length is not known
	add32(body, ~0u);
	add_option(body, OPTION_APPLICATION, application, strlen(application));
	add_option(body, OPTION_END, "", 0);
	add_block(out, BLOCK_SECTION, body);
}

void cp_pcapng_interface(struct evbuffer *out, const char *name, uint32_t snap_length)
{
	static const uint8_t nanoseconds = 9;
	struct evbuffer *body = evbuffer_new();

	if (!body)
		return;
	add16(body, LINK_ETHERNET);
	add16(body, 0);
	add32(body, snap_length);
	add_option(body, OPTION_NAME, name, strlen(name));
	add_option(body, OPTION_RESOLUTION, &nanoseconds, 1);
	add_option(body, OPTION_END, "", 0);
	add_block(out, BLOCK_INTERFACE, body);
}

void cp_pcapng_packet(struct evbuffer *out, const struct cp_pcapng_packet *packet)
{
	uint32_t flags = packet->outbound ? FLAG_OUTBOUND : FLAG_INBOUND;
	struct evbuffer *body = evbuffer_new();

	if (!body)
		return;
	add32(body, packet->interface);
	add32(body, (uint32_t)(packet->at_ns >> 32));
	add32(body, (uint32_t)packet->at_ns);
	add32(body, packet->captured);
	add32(body, packet->length);
	add_padded(body, packet->bytes, packet->captured);
	add_option(body, OPTION_FLAGS, &flags, 4);
	add_option(body, OPTION_COMMENT, packet->comment, strlen(packet->comment));
	add_option(body, OPTION_END, "", 0);
	add_block(out, BLOCK_PACKET, body);
}
