// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// TCP connection tracking as a table, after RFC 5382 (NAT behavioural requirements) and RFC 7857.
// The balancer only needs to know how long a flow may idle; it never rejects data by state.
#pragma once

#include <poise/net.h>

enum poise_flow_state {
	POISE_STATE_FREE,
	POISE_STATE_SYN_SENT,	  // SYN of the client seen
	POISE_STATE_SYN_RECEIVED, // SYN-ACK of the backend seen
	POISE_STATE_ESTABLISHED,
	POISE_STATE_FIN_CLIENT,	 // the client has finished sending
	POISE_STATE_FIN_BACKEND, // the backend has finished sending
	POISE_STATE_CLOSING,	 // both have
	POISE_STATE_RESET,	 // a believable RST was seen
	POISE_STATES,
};

enum poise_direction { POISE_INWARD, POISE_OUTWARD }; // client to backend, backend to client

enum poise_tcp_event {
	POISE_EVENT_SYN,
	POISE_EVENT_SYN_ACK,
	POISE_EVENT_ACK, // data too
	POISE_EVENT_FIN,
	POISE_EVENT_RST,
	POISE_EVENTS,
};

enum poise_timeout {
	POISE_TIMEOUT_HALF_OPEN,
	POISE_TIMEOUT_ESTABLISHED,
	POISE_TIMEOUT_CLOSING,
	POISE_TIMEOUTS,
};

// Flags that poise_tcp_flags_invalid() let through.
POISE_INLINE enum poise_tcp_event poise_tcp_event(__u8 flags)
{
	if (flags & POISE_TCP_RST)
		return POISE_EVENT_RST;
	if (flags & POISE_TCP_SYN)
		return flags & POISE_TCP_ACK ? POISE_EVENT_SYN_ACK : POISE_EVENT_SYN;
	return flags & POISE_TCP_FIN ? POISE_EVENT_FIN : POISE_EVENT_ACK;
}

// Four bits a state, packed into one 32-bit word for each (direction, event), so that BPF and C share the
// table without a map: POISE_ROW lists the next state for every present state.
#define POISE_ROW(free, syn_sent, syn_received, established, fin_client, fin_backend, closing, reset)   \
	((__u32)(free) | (__u32)(syn_sent) << 4 | (__u32)(syn_received) << 8 |                     \
	 (__u32)(established) << 12 | (__u32)(fin_client) << 16 | (__u32)(fin_backend) << 20 |     \
	 (__u32)(closing) << 24 | (__u32)(reset) << 28)
#define FR POISE_STATE_FREE
#define SS POISE_STATE_SYN_SENT
#define SR POISE_STATE_SYN_RECEIVED
#define ES POISE_STATE_ESTABLISHED
#define FC POISE_STATE_FIN_CLIENT
#define FB POISE_STATE_FIN_BACKEND
#define CL POISE_STATE_CLOSING
#define RS POISE_STATE_RESET

// Next state. A SYN never moves a flow (a SYN on a closing flow makes a new one, see flow_create.h); data
// after a reset that was forged or ignored brings the flow back.
POISE_INLINE enum poise_flow_state poise_tcp_next(enum poise_flow_state state,
						  enum poise_direction direction,
						  enum poise_tcp_event event)
{
	__u32 row;

	if (direction == POISE_INWARD) {
		switch (event) { //       FR  SS  SR  ES  FC  FB  CL  RS
		case POISE_EVENT_ACK:
			row = POISE_ROW(FR, SS, ES, ES, FC, FB, CL, ES);
			break;
		case POISE_EVENT_FIN:
			row = POISE_ROW(FR, SS, FC, FC, FC, CL, CL, FC);
			break;
		case POISE_EVENT_RST:
			row = POISE_ROW(FR, RS, RS, RS, RS, RS, RS, RS);
			break;
		default: // SYN, and a client's SYN-ACK (simultaneous open is not a balancer's case)
			row = POISE_ROW(FR, SS, SR, ES, FC, FB, CL, RS);
		}
	} else {
		switch (event) { //       FR  SS  SR  ES  FC  FB  CL  RS
		case POISE_EVENT_SYN_ACK:
			row = POISE_ROW(FR, SR, SR, ES, FC, FB, CL, RS);
			break;
		case POISE_EVENT_ACK:
			row = POISE_ROW(FR, SS, SR, ES, FC, FB, CL, ES);
			break;
		case POISE_EVENT_FIN:
			row = POISE_ROW(FR, SS, FB, FB, CL, FB, CL, FB);
			break;
		case POISE_EVENT_RST:
			row = POISE_ROW(FR, RS, RS, RS, RS, RS, RS, RS);
			break;
		default:
			row = POISE_ROW(FR, SS, SR, ES, FC, FB, CL, RS);
		}
	}
	return (enum poise_flow_state)((row >> (((__u32)state & 7) * 4)) & 15);
}
#undef POISE_ROW
#undef FR
#undef SS
#undef SR
#undef ES
#undef FC
#undef FB
#undef CL
#undef RS

POISE_INLINE enum poise_timeout poise_state_timeout(enum poise_flow_state state)
{
	if (state <= POISE_STATE_SYN_RECEIVED)
		return POISE_TIMEOUT_HALF_OPEN;
	return state == POISE_STATE_ESTABLISHED ? POISE_TIMEOUT_ESTABLISHED : POISE_TIMEOUT_CLOSING;
}

POISE_INLINE int poise_state_half_open(enum poise_flow_state state)
{
	return state == POISE_STATE_SYN_SENT || state == POISE_STATE_SYN_RECEIVED;
}

// States in which a SYN of the client starts a new connection at once instead of waiting for expiry
// (the lesson of port reuse against TIME-WAIT: a dropped first SYN costs the client a second).
POISE_INLINE int poise_state_reusable(enum poise_flow_state state)
{
	return state == POISE_STATE_CLOSING || state == POISE_STATE_RESET;
}
