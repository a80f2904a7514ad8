// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "sync_wire.h"

#include <endian.h>
#include <netinet/in.h>
#include <string.h>

#define FRAME (sizeof(struct cp_sync_header) + CP_SYNC_CODE_SIZE)

// Body of a type that has one length, or SIZE_MAX for one that we do not know.
static size_t body_of(uint16_t type)
{
	switch (type) {
	case CP_SYNC_HELLO:
	case CP_SYNC_WELCOME:
		return sizeof(struct cp_sync_greeting);
	case CP_SYNC_REFUSE:
	case CP_SYNC_START:
		return 0;
	case CP_SYNC_WHOLE:
	case CP_SYNC_PING:
	case CP_SYNC_PONG:
		return sizeof(struct cp_sync_number);
	default:
		return SIZE_MAX;
	}
}

static bool fits(uint16_t type, uint32_t length)
{
	size_t body;

	if (length < FRAME || length > CP_SYNC_MESSAGE_MAX)
		return false;
	body = length - FRAME;
	if (type == CP_SYNC_FLOWS)
		return body && body % sizeof(struct cp_sync_flow) == 0;
	return body == body_of(type);
}

enum cp_sync_frame cp_sync_frame(const void *bytes, size_t size, uint32_t *length)
{
	struct cp_sync_header header;

	if (size < sizeof(header))
		return CP_SYNC_FRAME_PART;
	memcpy(&header, bytes, sizeof(header));
	if (be32toh(header.magic) != CP_SYNC_MAGIC)
		return CP_SYNC_FRAME_NOT;
	if (be16toh(header.version) != CP_SYNC_VERSION) {
		*length = be16toh(header.version);
		return CP_SYNC_FRAME_VERSION;
	}
	if (!fits(be16toh(header.type), be32toh(header.length)))
		return CP_SYNC_FRAME_NOT;
	*length = be32toh(header.length);
	return size < *length ? CP_SYNC_FRAME_PART : CP_SYNC_FRAME_WHOLE;
}

enum cp_sync_type cp_sync_type(const void *message)
{
	struct cp_sync_header header;

	memcpy(&header, message, sizeof(header));
	return (enum cp_sync_type)be16toh(header.type);
}

const void *cp_sync_body(const void *message)
{
	return (const uint8_t *)message + sizeof(struct cp_sync_header);
}

uint32_t cp_sync_flows(uint32_t length)
{
	return (uint32_t)((length - FRAME) / sizeof(struct cp_sync_flow));
}

uint32_t cp_sync_header(void *message, enum cp_sync_type type, size_t body)
{
	struct cp_sync_header header = {
		.magic = htobe32(CP_SYNC_MAGIC),
		.version = htobe16(CP_SYNC_VERSION),
		.type = htobe16((uint16_t)type),
		.length = htobe32((uint32_t)(FRAME + body)),
	};

	memcpy(message, &header, sizeof(header));
	return (uint32_t)(FRAME + body);
}

const char *cp_sync_flow_wrong(const struct cp_sync_flow *flow)
{
	if (flow->kind != CP_SYNC_PUT && flow->kind != CP_SYNC_REMOVE)
		return "kind";
	if (flow->state < POISE_STATE_ESTABLISHED || flow->state >= POISE_STATES)
		return "state";
	if (flow->flags & ~(CP_SYNC_FULL_NAT | CP_SYNC_YOURS))
		return "flags";
	if (be32toh(flow->age_ms) > INT32_MAX)
		return "age";
	if (!flow->client || !flow->vip || !flow->backend || !flow->snat || !flow->client_port || !flow->vip_port ||
	    !flow->backend_port || !flow->snat_port)
		return "endpoint";
	if (!(flow->flags & CP_SYNC_FULL_NAT) && (flow->snat != flow->client || flow->snat_port != flow->client_port))
		return "source address";
	return NULL;
}

void cp_sync_flow_from(struct cp_sync_flow *out, const struct poise_flow *flow, enum cp_sync_kind kind,
		       uint32_t now_ms)
{
	int32_t age_ms = (int32_t)(now_ms - flow->last_seen_ms);

	*out = (struct cp_sync_flow){
		.kind = (uint8_t)kind,
		.state = flow->state,
		.flags = flow->flags & POISE_FLOW_FULL_NAT ? CP_SYNC_FULL_NAT : 0,
		.protocol = IPPROTO_TCP,
		.age_ms = htobe32(age_ms > 0 ? (uint32_t)age_ms : 0),
		.client = flow->client,
		.vip = flow->vip,
		.backend = flow->backend,
		.snat = flow->snat,
		.client_port = flow->client_port,
		.vip_port = flow->vip_port,
		.backend_port = flow->backend_port,
		.snat_port = flow->snat_port,
	};
	memcpy(out->client_mac, flow->client_mac, sizeof(out->client_mac));
}
