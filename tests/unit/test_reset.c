// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Resets of Poise's own: what they acknowledge, to whom they go, and what becomes of the flow.
#include <poise/reset.h>

#include "check.h"
#include "frame.h"
#include "world.h"

static uint16_t tcp_sum(const struct poise_ipv4 *ip, const struct poise_tcp *tcp, uint32_t length)
{
	uint32_t sum = (uint32_t)POISE_BE16(POISE_PROTOCOL_TCP) + POISE_BE16(length);

	return poise_csum_fold(sum + poise_csum_sum(&ip->src, 8) + poise_csum_sum(tcp, length));
}

static struct poise_flow *a_flow(struct world *world)
{
	struct poise_flow *flow = poise_record(&world->table, 1);

	flow->sequence = 2;
	flow->client = POISE_BE32(0xc6336407);
	flow->snat = flow->client;
	flow->client_port = flow->snat_port = POISE_BE16(40000);
	flow->vip = POISE_BE32(0xcb00710a);
	flow->vip_port = POISE_BE16(80);
	flow->backend = world->snapshot->backends[0].address;
	flow->backend_port = world->snapshot->backends[0].port;
	flow->state = POISE_STATE_ESTABLISHED;
	flow->client_egress = POISE_NONE16;
	flow->ack[POISE_INWARD] = 7000;
	flow->ack[POISE_OUTWARD] = 0xfffffffe;
	return flow;
}

static void both_sides_are_told(void)
{
	struct world world;
	uint8_t frame[14 + POISE_RESET_LENGTH] = {0};
	struct poise_ipv4 *ip = (void *)(frame + 14);
	struct poise_tcp *tcp = (void *)(frame + 34);
	struct poise_flow *flow;
	struct poise_egress *egress;
	uint16_t port;

	world_init(&world, 1, POISE_NAT_DNAT, 100);
	flow = a_flow(&world);
	egress = &world.snapshot->egress[world.snapshot->backends[0].egress];
	egress->flags = POISE_EGRESS_RESETTING;
	CU_ASSERT_EQUAL(poise_build_reset(world.snapshot, flow, POISE_OUTWARD, frame, &port), sizeof(frame));
	CU_ASSERT(ip->src == flow->vip && ip->dst == flow->client);
	CU_ASSERT(tcp->src == flow->vip_port && tcp->dst == flow->client_port);
	CU_ASSERT_EQUAL(POISE_HOST32(tcp->seq), 7000);
	CU_ASSERT_EQUAL(tcp->flags, POISE_TCP_RST);
	CU_ASSERT_EQUAL(poise_csum_fold(poise_csum_sum(ip, 20)), 0xffff);
	CU_ASSERT_EQUAL(tcp_sum(ip, tcp, 20), 0xffff);
	CU_ASSERT_EQUAL(poise_build_reset(world.snapshot, flow, POISE_INWARD, frame, &port), sizeof(frame));
	CU_ASSERT(ip->src == flow->snat && ip->dst == flow->backend);
	CU_ASSERT_EQUAL(POISE_HOST32(tcp->seq), 0xfffffffe);
	CU_ASSERT_EQUAL(tcp_sum(ip, tcp, 20), 0xffff);
	CU_ASSERT_EQUAL(memcmp(frame, egress->dst_mac, 6), 0);
	egress->flags = 0;
	CU_ASSERT_EQUAL(poise_build_reset(world.snapshot, flow, POISE_INWARD, frame, &port), 0);
	flow->ack[POISE_INWARD] = 0; // nothing that the client would believe
	CU_ASSERT_EQUAL(poise_build_reset(world.snapshot, flow, POISE_OUTWARD, frame, &port), 0);
	world_fini(&world);
}

static void flow_is_reset_once(void)
{
	struct world world;
	struct poise_flow *flow;
	struct poise_step step = {.direction = POISE_INWARD};

	world_init(&world, 1, POISE_NAT_DNAT, 100);
	flow = a_flow(&world);
	step.packet.kind = POISE_PACKET_TCP;
	step.packet.tcp_flags = POISE_TCP_ACK;
	CU_ASSERT_FALSE(poise_reset_due(world.snapshot, flow, &step));
	world.snapshot->backends[0].flags |= POISE_BACKEND_RESETTING;
	CU_ASSERT_TRUE(poise_reset_due(world.snapshot, flow, &step));
	step.packet.tcp_flags = POISE_TCP_RST; // never answered
	CU_ASSERT_FALSE(poise_reset_due(world.snapshot, flow, &step));
	step.packet.tcp_flags = POISE_TCP_SYN; // a new flow
	CU_ASSERT_FALSE(poise_reset_due(world.snapshot, flow, &step));
	CU_ASSERT_TRUE(poise_flow_replaceable(world.snapshot, flow));
	step.packet.tcp_flags = POISE_TCP_ACK;
	step.packet.kind = POISE_PACKET_ICMP_ERROR;
	CU_ASSERT_FALSE(poise_reset_due(world.snapshot, flow, &step));

	flow->flags = POISE_FLOW_FULL_NAT;
	CU_ASSERT_EQUAL(poise_flow_reset(&world.table, flow, 0), 1);
	CU_ASSERT_EQUAL(poise_flow_reset(&world.table, flow, 0), 0);
	CU_ASSERT_EQUAL(flow->state, POISE_STATE_RESET);
	CU_ASSERT_EQUAL(poise_flow_reset(&world.table, flow, 1), 1); // answered, but both sides not yet told
	CU_ASSERT_EQUAL(poise_flow_reset(&world.table, flow, 1), 0);
	CU_ASSERT_EQUAL(flow->flags, POISE_FLOW_FULL_NAT | POISE_FLOW_TOLD);
	flow->state = POISE_STATE_ESTABLISHED; // it lived on, and is to be reset again
	CU_ASSERT_EQUAL(poise_flow_reset(&world.table, flow, 1), 1);
	flow->state = POISE_STATE_FREE;
	CU_ASSERT_EQUAL(poise_flow_reset(&world.table, flow, 1), 0);
	world_fini(&world);
}

static void answer_is_believed(void)
{
	struct poise_packet packet = {.seq = POISE_BE32(1000), .ack = POISE_BE32(5000), .l4_length = 20 + 7};
	struct poise_reset reset;

	packet.tcp_flags = POISE_TCP_ACK | POISE_TCP_PSH;
	poise_reset_answer(&packet, 5 << 4, &reset);
	CU_ASSERT(reset.flags == POISE_TCP_RST && reset.seq == 5000 && reset.ack == 0);
	packet.tcp_flags = POISE_TCP_SYN;
	poise_reset_answer(&packet, 5 << 4, &reset);
	CU_ASSERT(reset.flags == (POISE_TCP_RST | POISE_TCP_ACK) && reset.seq == 0 && reset.ack == 1008);
}

static const struct check_case cases[] = {
	{"both sides are told", both_sides_are_told},
	{"a flow is reset once", flow_is_reset_once},
	{"the answer is one that is believed", answer_is_believed},
};

CHECK_MAIN("reset", cases)
