// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Writing pcapng (draft-ietf-opsawg-pcapng): one section, an interface a port, packets with a comment and the way they
// went. Host byte order, as the format allows.
#pragma once

#include <stdint.h>

#include <event2/buffer.h>

struct cp_pcapng_packet {
	uint32_t interface;  // order in which cp_pcapng_interface() was called, from 0
	uint64_t at_ns;	     // since 1970
	const void *bytes;
	uint32_t captured;
	uint32_t length;     // of the frame
	uint8_t outbound;    // else inbound
	const char *comment;
};

// The start of a file. `application` names the writer.
void cp_pcapng_section(struct evbuffer *out, const char *application);
// An Ethernet interface, with nanosecond timestamps.
void cp_pcapng_interface(struct evbuffer *out, const char *name, uint32_t snap_length);
void cp_pcapng_packet(struct evbuffer *out, const struct cp_pcapng_packet *packet);
