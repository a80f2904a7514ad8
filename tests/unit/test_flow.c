// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What one packet does to a flow record: matching, tracking, which resets are believed.
#include <poise/flow.h>

#include "check.h"

static struct poise_flow established(void)
{
	struct poise_flow flow = {
		.client = POISE_BE32(0xc6336401),
		.vip = POISE_BE32(0xcb00710a),
		.snat = POISE_BE32(0x0a0a0001),
		.backend = POISE_BE32(0x0a0a000b),
		.client_port = POISE_BE16(40000),
		.vip_port = POISE_BE16(443),
		.snat_port = POISE_BE16(2000),
		.backend_port = POISE_BE16(8443),
		.state = POISE_STATE_ESTABLISHED,
		.last_seen_ms = 100,
		.ack = {5000, 9000},
	};

	return flow;
}

static enum poise_verdict track(struct poise_flow *flow, enum poise_direction direction, uint8_t flags,
				uint32_t seq, uint32_t ack, uint32_t now_ms)
{
	struct poise_packet packet = {.tcp_flags = flags, .seq = POISE_BE32(seq), .ack = POISE_BE32(ack)};
	int opened;

	return poise_flow_track(flow, direction, &packet, now_ms, &opened);
}

static void matches(void)
{
	struct poise_flow flow = established();
	struct poise_key inward = {flow.client, flow.vip, flow.client_port, flow.vip_port};
	struct poise_key outward = {flow.backend, flow.snat, flow.backend_port, flow.snat_port};

	CU_ASSERT(poise_flow_matches(&flow, POISE_INWARD, &inward));
	CU_ASSERT(poise_flow_matches(&flow, POISE_OUTWARD, &outward));
	CU_ASSERT(!poise_flow_matches(&flow, POISE_INWARD, &outward));
	CU_ASSERT(!poise_flow_matches(&flow, POISE_OUTWARD, &inward));
	for (unsigned int bit = 0; bit < sizeof(struct poise_key) * 8; bit++) {
		struct poise_key key = inward;

		((uint8_t *)&key)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CU_ASSERT(!poise_flow_matches(&flow, POISE_INWARD, &key));
		key = outward;
		((uint8_t *)&key)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CU_ASSERT(!poise_flow_matches(&flow, POISE_OUTWARD, &key));
	}
}

static void data_refreshes(void)
{
	struct poise_flow flow = established();

	CU_ASSERT_EQUAL(track(&flow, POISE_INWARD, POISE_TCP_ACK, 9000, 5100, 777), POISE_FORWARDED);
	CU_ASSERT_EQUAL(flow.last_seen_ms, 777);
	CU_ASSERT_EQUAL(flow.ack[POISE_INWARD], 5100);
	CU_ASSERT_EQUAL(flow.ack[POISE_OUTWARD], 9000);
	CU_ASSERT_EQUAL(track(&flow, POISE_OUTWARD, POISE_TCP_ACK, 5100, 9200, 888), POISE_FORWARDED);
	CU_ASSERT_EQUAL(flow.last_seen_ms, 888);
	CU_ASSERT_EQUAL(flow.ack[POISE_OUTWARD], 9200);
	CU_ASSERT_EQUAL(flow.ack[POISE_INWARD], 5100);
}

// S7: only a reset near the number that its receiver waits for shortens the flow.
static void resets(void)
{
	static const struct {
		enum poise_direction direction;
		uint32_t seq;
		int believed;
	} list[] = {
		{POISE_INWARD, 9000, 1}, // what the backend acknowledged last
		{POISE_INWARD, 9000 + POISE_RESET_WINDOW / 2 - 1, 1},
		{POISE_INWARD, 9000 + POISE_RESET_WINDOW / 2, 0},
		{POISE_INWARD, 9000 - POISE_RESET_WINDOW / 2, 1},
		{POISE_INWARD, 9000 - POISE_RESET_WINDOW / 2 - 1, 0},
		{POISE_INWARD, 9000 + 0x80000000u, 0},
		{POISE_OUTWARD, 5000, 1},
		{POISE_OUTWARD, 5000 + 0x7fffffffu, 0},
		{POISE_OUTWARD, 5000 + POISE_RESET_WINDOW, 0},
	};

	for (size_t i = 0; i < POISE_COUNT(list); i++) {
		struct poise_flow flow = established();
		enum poise_verdict event =
			track(&flow, list[i].direction, POISE_TCP_RST, list[i].seq, 0, 500);

		CU_ASSERT_EQUAL(event, list[i].believed ? POISE_FORWARDED : POISE_RST_OUT_OF_WINDOW);
		CU_ASSERT_EQUAL(flow.state, list[i].believed ? POISE_STATE_RESET : POISE_STATE_ESTABLISHED);
		CU_ASSERT_EQUAL(flow.last_seen_ms, list[i].believed ? 500 : 100);
		CU_ASSERT_EQUAL(flow.ack[POISE_INWARD], 5000);
		CU_ASSERT_EQUAL(flow.ack[POISE_OUTWARD], 9000);
	}
}

// The window wraps with the sequence number space.
static void reset_near_wrap(void)
{
	struct poise_flow flow = established();

	flow.ack[POISE_OUTWARD] = 0xfffffff0u;
	CU_ASSERT_EQUAL(track(&flow, POISE_INWARD, POISE_TCP_RST, 0x10, 0, 1), POISE_FORWARDED);
	CU_ASSERT_EQUAL(flow.state, POISE_STATE_RESET);
}

// A sender of resets cannot tell the flow where resets are expected, and cannot keep it alive.
static void resets_teach_nothing(void)
{
	struct poise_flow flow = established();

	CU_ASSERT_EQUAL(track(&flow, POISE_INWARD, POISE_TCP_RST | POISE_TCP_ACK, 0x40000000, 77, 200),
			POISE_RST_OUT_OF_WINDOW);
	CU_ASSERT_EQUAL(flow.ack[POISE_INWARD], 5000);
	CU_ASSERT_EQUAL(track(&flow, POISE_INWARD, POISE_TCP_RST | POISE_TCP_ACK, 9000, 77, 200),
			POISE_FORWARDED);
	CU_ASSERT_EQUAL(flow.ack[POISE_INWARD], 5000);
	CU_ASSERT_EQUAL(flow.last_seen_ms, 200);
	CU_ASSERT_EQUAL(track(&flow, POISE_INWARD, POISE_TCP_RST, 9000, 0, 300), POISE_FORWARDED);
	CU_ASSERT_EQUAL(flow.last_seen_ms, 200);
	CU_ASSERT_EQUAL(track(&flow, POISE_OUTWARD, POISE_TCP_ACK, 5000, 9000, 400), POISE_FORWARDED);
	CU_ASSERT_EQUAL(flow.state, POISE_STATE_ESTABLISHED);
	CU_ASSERT_EQUAL(flow.last_seen_ms, 400);
}

// The backend that refuses a connection answers with RST+ACK, sequence 0: believed at once.
static void refused_connection(void)
{
	struct poise_flow flow = established();

	flow.state = POISE_STATE_SYN_SENT;
	flow.ack[0] = flow.ack[1] = 0;
	CU_ASSERT_EQUAL(track(&flow, POISE_OUTWARD, POISE_TCP_RST | POISE_TCP_ACK, 0, 1, 200),
			POISE_FORWARDED);
	CU_ASSERT_EQUAL(flow.state, POISE_STATE_RESET);
}

// A spoofed client SYN with any flags that pass the parser does not change an established flow.
static void syn_on_established(void)
{
	struct poise_flow flow = established();

	CU_ASSERT_EQUAL(track(&flow, POISE_INWARD, POISE_TCP_SYN, 123, 0, 200), POISE_FORWARDED);
	CU_ASSERT_EQUAL(flow.state, POISE_STATE_ESTABLISHED);
	CU_ASSERT_EQUAL(flow.ack[POISE_INWARD], 5000);
	// The backend's challenge ACK and the client's reset pass and count as what they are.
	CU_ASSERT_EQUAL(track(&flow, POISE_OUTWARD, POISE_TCP_ACK, 5000, 9000, 201), POISE_FORWARDED);
	CU_ASSERT_EQUAL(track(&flow, POISE_INWARD, POISE_TCP_RST, 9000, 0, 202), POISE_FORWARDED);
	CU_ASSERT_EQUAL(flow.state, POISE_STATE_RESET);
}

static void layout(void)
{
	CU_ASSERT_EQUAL(sizeof(struct poise_flow), 64);
	CU_ASSERT_EQUAL(_Alignof(struct poise_flow), 64);
	CU_ASSERT_EQUAL(offsetof(struct poise_flow, client), 8);
	CU_ASSERT_EQUAL(offsetof(struct poise_flow, client_port), 24);
	CU_ASSERT_EQUAL(offsetof(struct poise_flow, difference), 32);
	CU_ASSERT_EQUAL(offsetof(struct poise_flow, state), 40);
	CU_ASSERT_EQUAL(offsetof(struct poise_flow, client_mac), 56);
	CU_ASSERT_EQUAL(offsetof(struct poise_flow, shard), 63);
}

static const struct check_case cases[] = {
	{"matching", matches},
	{"data refreshes", data_refreshes},
	{"resets and the window", resets},
	{"reset near the wrap", reset_near_wrap},
	{"resets teach nothing", resets_teach_nothing},
	{"refused connection", refused_connection},
	{"SYN on an established flow", syn_on_established},
	{"layout", layout},
};

CHECK_MAIN("flow", cases)
