// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "trace_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <poise/host_filter.h>

#include "cmd_json.h"
#include "pcapng.h"

struct side {
	char text[160]; // for people
	char source[CP_ENDPOINT_SIZE];
	char destination[CP_ENDPOINT_SIZE];
	char flags[8]; // of TCP
	const char *kind;
};

int64_t cp_trace_clock_offset_ns(void)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	return wall.tv_sec * 1000000000ll + wall.tv_nsec - (int64_t)cp_view_now_ns();
}

static const char *path_name(const struct poise_trace_record *record)
{
	return record->path == POISE_TRACE_XDP ? "xdp" : "dpdk";
}

static const char *port_name(const struct poise_snapshot *snapshot, uint8_t port)
{
	return snapshot && port < snapshot->ports_count ? snapshot->ports[port].name : "?";
}

static void flags_of(uint8_t flags, char text[8])
{
	static const char letters[] = "FSRPAU"; // from the lowest bit on

	for (int bit = 0; bit < 6; bit++)
		if (flags >> bit & 1)
			*text++ = letters[bit];
	*text = '\0';
}

// What no flow can have: its ends, as far as there are any.
static void describe_other(const struct poise_trace_record *record, const uint8_t *bytes, struct side *side)
{
	struct poise_host_packet packet;

	poise_host_parse(bytes, bytes + record->captured, &packet);
	side->kind = "other";
	if (packet.version != 4) {
		if (record->captured >= sizeof(struct poise_eth) &&
		    ((const struct poise_eth *)(const void *)bytes)->type == POISE_BE16(POISE_ETHERTYPE_ARP))
			side->kind = "arp";
		snprintf(side->text, sizeof(side->text), "%s, %u bytes", side->kind, record->length);
		return;
	}
	if (packet.protocol == POISE_PROTOCOL_TCP)
		side->kind = "tcp";
	else if (packet.protocol == POISE_PROTOCOL_UDP)
		side->kind = "udp";
	else if (packet.protocol == POISE_PROTOCOL_ICMP)
		side->kind = "icmp";
	cp_endpoint(packet.src, POISE_HOST16(packet.src_port), side->source);
	cp_endpoint(packet.dst, POISE_HOST16(packet.dst_port), side->destination);
	snprintf(side->text, sizeof(side->text), "%s > %s %s, %u", side->source, side->destination, side->kind,
		 record->length);
}

static void describe(const struct poise_trace_record *record, const uint8_t *bytes, struct side *side)
{
	struct poise_packet packet;
	int verdict = poise_parse((void *)(uintptr_t)bytes, bytes + record->captured, record->length, &packet);

	memset(side, 0, sizeof(*side));
	if (verdict != POISE_FORWARDED || packet.kind == POISE_PACKET_ARP) {
		describe_other(record, bytes, side);
		return;
	}
	cp_endpoint(packet.key.src, POISE_HOST16(packet.key.src_port), side->source);
	cp_endpoint(packet.key.dst, POISE_HOST16(packet.key.dst_port), side->destination);
	side->kind = packet.kind == POISE_PACKET_TCP ? "tcp" : "icmp";
	if (packet.kind == POISE_PACKET_TCP)
		flags_of(packet.tcp_flags, side->flags);
	snprintf(side->text, sizeof(side->text), "%s > %s %s%s, %u", side->source, side->destination,
		 packet.kind == POISE_PACKET_TCP ? "" : "icmp", side->flags, record->length);
}

// "forwarded web/web1", "no_flow".
static void fate(const struct cp_trace_packet *packet, const struct poise_snapshot *snapshot, char *text, size_t size)
{
	const struct poise_trace_record *in = &packet->in;

	if (snapshot && in->vip_index < POISE_MAX_VIPS && in->backend_index < POISE_MAX_BACKENDS)
		snprintf(text, size, "%s %.31s/%.31s", cp_view_counter_name(in->verdict),
			 snapshot->vip_names[in->vip_index],
			 snapshot->backend_names[in->backend_index]);
	else
		snprintf(text, size, "%s", cp_view_counter_name(in->verdict));
}

// The time of day for people, here.
static void clock_text(int64_t at_ns, char *text, size_t size)
{
	time_t seconds = at_ns / 1000000000;
	struct tm parts;
	char date[40];

	localtime_r(&seconds, &parts);
	strftime(date, sizeof(date), "%H:%M:%S", &parts);
	snprintf(text, size, "%s.%06u", date, (unsigned)(at_ns % 1000000000 / 1000));
}

void cp_trace_text(struct evbuffer *out, const struct cp_trace_packet *packet, const struct poise_snapshot *snapshot,
		   int64_t offset_ns)
{
	char at[48], what[100];
	struct side side;

	clock_text((int64_t)packet->in.at_ns + offset_ns, at, sizeof(at));
	fate(packet, snapshot, what, sizeof(what));
	describe(&packet->in, packet->in_bytes, &side);
	evbuffer_add_printf(out, "%s %-7.7s %s", at, port_name(snapshot, packet->in.port), side.text);
	if (!packet->left) {
		evbuffer_add_printf(out, "  %s (%s %u)\n", what, path_name(&packet->in), packet->in.actor);
		return;
	}
	evbuffer_add_printf(out, "\n");
	describe(&packet->out, packet->out_bytes, &side);
	evbuffer_add_printf(out, "  -> %-7.7s ", port_name(snapshot, packet->out.port));
	if (*side.source)
		evbuffer_add_printf(out, "%s > %s, ", side.source, side.destination);
	evbuffer_add_printf(out, "%s (%s %u)\n", what, path_name(&packet->in), packet->in.actor);
}

static json_t *side_json(const struct poise_trace_record *record, const uint8_t *bytes,
			 const struct poise_snapshot *snapshot)
{
	struct side side;

	describe(record, bytes, &side);
	return json_pack("{so si ss so so so}", "port", cp_json_text(port_name(snapshot, record->port)), "length",
			 (int)record->length, "kind", side.kind, "source", cp_json_text(side.source), "destination",
			 cp_json_text(side.destination), "flags", cp_json_text(side.flags));
}

json_t *cp_trace_json(const struct cp_trace_packet *packet, const struct poise_snapshot *snapshot, int64_t offset_ns)
{
	const struct poise_trace_record *in = &packet->in;
	char at[64], service[POISE_NAME_SIZE] = "", backend[POISE_NAME_SIZE] = "";
	struct tm parts;
	int64_t at_ns;
	time_t seconds;
	size_t length;

	at_ns = (int64_t)in->at_ns + offset_ns;
	seconds = at_ns / 1000000000;
	gmtime_r(&seconds, &parts);
	length = strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(at + length, sizeof(at) - length, ".%06uZ", (unsigned)(at_ns % 1000000000 / 1000));
	if (snapshot && in->vip_index < POISE_MAX_VIPS)
		snprintf(service, sizeof(service), "%.31s", snapshot->vip_names[in->vip_index]);
	if (snapshot && in->backend_index < POISE_MAX_BACKENDS)
		snprintf(backend, sizeof(backend), "%.31s", snapshot->backend_names[in->backend_index]);
	return json_pack("{ss ss si ss so so so so}", "time", at, "path", path_name(in), "actor", (int)in->actor,
			 "verdict", cp_view_counter_name(in->verdict), "service", cp_json_text(service), "backend",
			 cp_json_text(backend), "in", side_json(in, packet->in_bytes, snapshot), "out",
			 packet->left ? side_json(&packet->out, packet->out_bytes, snapshot) : json_null());
}

void cp_trace_pcapng_start(struct evbuffer *out, const struct poise_snapshot *snapshot)
{
	cp_pcapng_section(out, "poise " POISE_VERSION);
	for (uint32_t port = 0; port < snapshot->ports_count; port++)
		cp_pcapng_interface(out, snapshot->ports[port].name, POISE_TRACE_BYTES);
}

static void pcapng_side(struct evbuffer *out, const struct poise_trace_record *record, const uint8_t *bytes,
			const struct poise_snapshot *snapshot, int64_t at_ns, const char *comment)
{
	struct cp_pcapng_packet packet = {
		.interface = record->port < snapshot->ports_count ? record->port : 0,
		.at_ns = (uint64_t)at_ns,
		.bytes = bytes,
		.captured = record->captured,
		.length = record->length,
		.outbound = record->side == POISE_TRACE_OUT,
		.comment = comment,
	};

	cp_pcapng_packet(out, &packet);
}

void cp_trace_pcapng(struct evbuffer *out, const struct cp_trace_packet *packet, const struct poise_snapshot *snapshot,
		     int64_t offset_ns)
{
	int64_t at_ns = (int64_t)packet->in.at_ns + offset_ns;
	char what[100], comment[160];

	fate(packet, snapshot, what, sizeof(what));
	snprintf(comment, sizeof(comment), "in: %s, by %s %u", what,
		 packet->in.path == POISE_TRACE_XDP ? "the XDP program on CPU" : "worker", packet->in.actor);
	pcapng_side(out, &packet->in, packet->in_bytes, snapshot, at_ns, comment);
	if (!packet->left)
		return;
	snprintf(comment, sizeof(comment), "out: %s", what);
	pcapng_side(out, &packet->out, packet->out_bytes, snapshot, at_ns, comment);
}
