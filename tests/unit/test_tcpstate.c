// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The state table row by row, against the rules in words, and whole connections as sequences.
#include <poise/parse.h>
#include <poise/tcpstate.h>

#include "check.h"

#define IN POISE_INWARD
#define OUT POISE_OUTWARD

struct segment {
	enum poise_direction direction;
	uint8_t flags;
};

static const uint8_t SYN = POISE_TCP_SYN, ACK = POISE_TCP_ACK, FIN = POISE_TCP_FIN | POISE_TCP_ACK,
		     RST = POISE_TCP_RST, SYN_ACK = POISE_TCP_SYN | POISE_TCP_ACK;

static enum poise_flow_state play(enum poise_flow_state state, const struct segment *segments, size_t count)
{
	for (size_t i = 0; i < count; i++)
		state = poise_tcp_next(state, segments[i].direction, poise_tcp_event(segments[i].flags));
	return state;
}

#define PLAY(state, ...)                                     \
	play((state), (const struct segment[]){__VA_ARGS__}, \
	     sizeof((const struct segment[]){__VA_ARGS__}) / sizeof(struct segment))

static void events(void)
{
	CU_ASSERT_EQUAL(poise_tcp_event(SYN), POISE_EVENT_SYN);
	CU_ASSERT_EQUAL(poise_tcp_event(SYN_ACK), POISE_EVENT_SYN_ACK);
	CU_ASSERT_EQUAL(poise_tcp_event(ACK), POISE_EVENT_ACK);
	CU_ASSERT_EQUAL(poise_tcp_event(ACK | POISE_TCP_PSH | POISE_TCP_URG), POISE_EVENT_ACK);
	CU_ASSERT_EQUAL(poise_tcp_event(FIN), POISE_EVENT_FIN);
	CU_ASSERT_EQUAL(poise_tcp_event(FIN | POISE_TCP_PSH), POISE_EVENT_FIN);
	CU_ASSERT_EQUAL(poise_tcp_event(RST), POISE_EVENT_RST);
	CU_ASSERT_EQUAL(poise_tcp_event(RST | ACK), POISE_EVENT_RST);
}

static void ordinary_connection(void)
{
	enum poise_flow_state state = POISE_STATE_SYN_SENT;

	state = PLAY(state, {IN, SYN}); // repeated
	CU_ASSERT_EQUAL(state, POISE_STATE_SYN_SENT);
	state = PLAY(state, {OUT, SYN_ACK});
	CU_ASSERT_EQUAL(state, POISE_STATE_SYN_RECEIVED);
	state = PLAY(state, {OUT, SYN_ACK}, {IN, SYN});
	CU_ASSERT_EQUAL(state, POISE_STATE_SYN_RECEIVED);
	state = PLAY(state, {IN, ACK});
	CU_ASSERT_EQUAL(state, POISE_STATE_ESTABLISHED);
	state = PLAY(state, {IN, ACK}, {OUT, ACK}, {OUT, SYN_ACK}, {IN, SYN});
	CU_ASSERT_EQUAL(state, POISE_STATE_ESTABLISHED);
}

// S3, S4: one side finishes, data still flows the other way, FINs are repeated, a late ACK comes.
static void half_close(void)
{
	enum poise_flow_state state;

	state = PLAY(POISE_STATE_ESTABLISHED, {IN, FIN}, {OUT, ACK}, {OUT, ACK}, {IN, ACK});
	CU_ASSERT_EQUAL(state, POISE_STATE_FIN_CLIENT);
	state = PLAY(state, {IN, FIN});
	CU_ASSERT_EQUAL(state, POISE_STATE_FIN_CLIENT);
	state = PLAY(state, {OUT, FIN});
	CU_ASSERT_EQUAL(state, POISE_STATE_CLOSING);
	state = PLAY(state, {OUT, FIN}, {IN, ACK}, {OUT, ACK}, {IN, FIN});
	CU_ASSERT_EQUAL(state, POISE_STATE_CLOSING);

	state = PLAY(POISE_STATE_ESTABLISHED, {OUT, FIN}, {IN, ACK}, {IN, ACK}, {OUT, ACK});
	CU_ASSERT_EQUAL(state, POISE_STATE_FIN_BACKEND);
	state = PLAY(state, {OUT, FIN});
	CU_ASSERT_EQUAL(state, POISE_STATE_FIN_BACKEND);
	state = PLAY(state, {IN, FIN});
	CU_ASSERT_EQUAL(state, POISE_STATE_CLOSING);
	// A FIN straight after the handshake, in either direction.
	CU_ASSERT_EQUAL(PLAY(POISE_STATE_SYN_RECEIVED, {IN, FIN}), POISE_STATE_FIN_CLIENT);
	CU_ASSERT_EQUAL(PLAY(POISE_STATE_SYN_RECEIVED, {OUT, FIN}), POISE_STATE_FIN_BACKEND);
}

// S5: a believed reset from each side; what comes later brings the flow back.
static void reset_and_after(void)
{
	for (int state = POISE_STATE_SYN_SENT; state <= POISE_STATE_RESET; state++)
		for (int direction = IN; direction <= OUT; direction++)
			CU_ASSERT_EQUAL(poise_tcp_next((enum poise_flow_state)state,
						       (enum poise_direction)direction, POISE_EVENT_RST),
					POISE_STATE_RESET);
	CU_ASSERT_EQUAL(PLAY(POISE_STATE_RESET, {IN, ACK}), POISE_STATE_ESTABLISHED);
	CU_ASSERT_EQUAL(PLAY(POISE_STATE_RESET, {OUT, ACK}), POISE_STATE_ESTABLISHED);
	CU_ASSERT_EQUAL(PLAY(POISE_STATE_RESET, {IN, FIN}), POISE_STATE_FIN_CLIENT);
	CU_ASSERT_EQUAL(PLAY(POISE_STATE_RESET, {OUT, FIN}), POISE_STATE_FIN_BACKEND);
	CU_ASSERT_EQUAL(PLAY(POISE_STATE_RESET, {IN, SYN}, {OUT, SYN_ACK}), POISE_STATE_RESET);
}

// Half-open flows cannot be lifted to the long timeout by one side alone (SYN flood with a forged ACK).
static void one_side_cannot_establish(void)
{
	for (int event = 0; event < POISE_EVENTS; event++) {
		enum poise_flow_state state =
			poise_tcp_next(POISE_STATE_SYN_SENT, IN, (enum poise_tcp_event)event);

		CU_ASSERT(state == POISE_STATE_SYN_SENT || state == POISE_STATE_RESET);
	}
	CU_ASSERT_EQUAL(PLAY(POISE_STATE_SYN_SENT, {IN, ACK}, {IN, ACK}, {IN, FIN}, {IN, ACK}),
			POISE_STATE_SYN_SENT);
	CU_ASSERT_EQUAL(PLAY(POISE_STATE_SYN_SENT, {OUT, ACK}, {OUT, FIN}), POISE_STATE_SYN_SENT);
	CU_ASSERT_EQUAL(PLAY(POISE_STATE_SYN_SENT, {IN, SYN_ACK}), POISE_STATE_SYN_SENT);
}

// A SYN never moves a flow, in any state or direction (S6): only a new flow may follow.
static void syn_moves_nothing(void)
{
	for (int state = 0; state < POISE_STATES; state++) {
		CU_ASSERT_EQUAL(poise_tcp_next((enum poise_flow_state)state, IN, POISE_EVENT_SYN),
				(enum poise_flow_state)state);
		CU_ASSERT_EQUAL(poise_tcp_next((enum poise_flow_state)state, OUT, POISE_EVENT_SYN),
				(enum poise_flow_state)state);
	}
}

// Whatever comes, a free record stays free and every next state is a state.
static void closed_under_all(void)
{
	for (int direction = IN; direction <= OUT; direction++)
		for (int event = 0; event < POISE_EVENTS; event++)
			for (int state = 0; state < POISE_STATES; state++) {
				enum poise_flow_state next = poise_tcp_next((enum poise_flow_state)state,
									    (enum poise_direction)direction,
									    (enum poise_tcp_event)event);

				CU_ASSERT(next < POISE_STATES);
				CU_ASSERT((next == POISE_STATE_FREE) == (state == POISE_STATE_FREE));
			}
}

// S9: the flag mixes that have shortened flows elsewhere do not reach the table.
static void garbage_is_refused(void)
{
	CU_ASSERT(poise_tcp_flags_invalid(0));
	CU_ASSERT(poise_tcp_flags_invalid(POISE_TCP_PSH));
	CU_ASSERT(poise_tcp_flags_invalid(POISE_TCP_URG));
	CU_ASSERT(poise_tcp_flags_invalid(POISE_TCP_FIN));
	CU_ASSERT(poise_tcp_flags_invalid(POISE_TCP_FIN | POISE_TCP_PSH | POISE_TCP_URG)); // Xmas
	CU_ASSERT(poise_tcp_flags_invalid(SYN | POISE_TCP_FIN));
	CU_ASSERT(poise_tcp_flags_invalid(SYN | POISE_TCP_FIN | ACK));
	CU_ASSERT(poise_tcp_flags_invalid(SYN | RST));
	CU_ASSERT(poise_tcp_flags_invalid(RST | POISE_TCP_FIN));
	CU_ASSERT(poise_tcp_flags_invalid(0x3f));
	CU_ASSERT(!poise_tcp_flags_invalid(SYN));
	CU_ASSERT(!poise_tcp_flags_invalid(SYN | POISE_TCP_PSH)); // TCP fast open carries data
	CU_ASSERT(!poise_tcp_flags_invalid(SYN_ACK));
	CU_ASSERT(!poise_tcp_flags_invalid(ACK));
	CU_ASSERT(!poise_tcp_flags_invalid(FIN));
	CU_ASSERT(!poise_tcp_flags_invalid(RST));
	CU_ASSERT(!poise_tcp_flags_invalid(RST | ACK));
}

static void timeout_classes(void)
{
	CU_ASSERT_EQUAL(poise_state_timeout(POISE_STATE_SYN_SENT), POISE_TIMEOUT_HALF_OPEN);
	CU_ASSERT_EQUAL(poise_state_timeout(POISE_STATE_SYN_RECEIVED), POISE_TIMEOUT_HALF_OPEN);
	CU_ASSERT_EQUAL(poise_state_timeout(POISE_STATE_ESTABLISHED), POISE_TIMEOUT_ESTABLISHED);
	CU_ASSERT_EQUAL(poise_state_timeout(POISE_STATE_FIN_CLIENT), POISE_TIMEOUT_CLOSING);
	CU_ASSERT_EQUAL(poise_state_timeout(POISE_STATE_FIN_BACKEND), POISE_TIMEOUT_CLOSING);
	CU_ASSERT_EQUAL(poise_state_timeout(POISE_STATE_CLOSING), POISE_TIMEOUT_CLOSING);
	CU_ASSERT_EQUAL(poise_state_timeout(POISE_STATE_RESET), POISE_TIMEOUT_CLOSING);
	for (int state = 0; state < POISE_STATES; state++) {
		CU_ASSERT_EQUAL(!!poise_state_half_open((enum poise_flow_state)state),
				state == POISE_STATE_SYN_SENT || state == POISE_STATE_SYN_RECEIVED);
		CU_ASSERT_EQUAL(!!poise_state_reusable((enum poise_flow_state)state),
				state == POISE_STATE_CLOSING || state == POISE_STATE_RESET);
	}
}

static const struct check_case cases[] = {
	{"flags to events", events},
	{"ordinary connection", ordinary_connection},
	{"half close", half_close},
	{"reset and what follows", reset_and_after},
	{"one side cannot establish", one_side_cannot_establish},
	{"SYN moves nothing", syn_moves_nothing},
	{"closed under all events", closed_under_all},
	{"garbage flags are refused", garbage_is_refused},
	{"timeout classes", timeout_classes},
};

CHECK_MAIN("tcpstate", cases)
