// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Two flow tables of two hosts, with other seeds and other indices, that tell each other what they have: without
// sockets, by the scan of the one and the writer of the other.
#include <endian.h>

#include "sync_scan.h"
#include "sync_write.h"
#include "world.h"

struct node {
	struct world world;
	struct cp_sync_shadows shadows;
	struct cp_sync_scan scan;
	struct cp_sync_writer writer;
	struct node *other;
	uint32_t now_ms;
	uint32_t room; // flows that the link takes
	uint32_t puts, removes;
};

static bool emit(void *context, const struct cp_sync_flow *flow)
{
	struct node *node = context, *other = node->other;

	if (!node->room)
		return false;
	node->room--;
	*(flow->kind == CP_SYNC_PUT ? &node->puts : &node->removes) += 1;
	cp_sync_write(&other->writer, other->world.snapshot, flow, other->now_ms);
	return true;
}

static void make(struct node *node, struct node *other, enum poise_nat nat, uint32_t flows, uint64_t seed,
		 uint32_t now_ms)
{
	const __u64 seeds[2] = { seed, ~seed };

	memset(node, 0, sizeof(*node));
	world_init(&node->world, 4, nat, flows);
	memset(node->world.memory, 0, (size_t)node->world.table.lines * POISE_LINE_SIZE);
	poise_table_format(&node->world.table, node->world.memory, flows, seeds);
	CU_ASSERT_EQUAL_FATAL(cp_sync_shadows_init(&node->shadows, &node->world.table), 0);
	node->scan = (struct cp_sync_scan){ .table = &node->world.table, .shadows = &node->shadows, .emit = emit,
					    .context = node };
	node->writer = (struct cp_sync_writer){ .table = node->world.table, .shadows = &node->shadows };
	node->other = other;
	node->now_ms = now_ms;
	node->room = UINT32_MAX;
}

// Clocks of hosts have nothing to do with each other, and wrap.
static void pair(struct node *a, struct node *b, enum poise_nat nat)
{
	make(a, b, nat, 4096, 0x1111111111111111, 1000);
	make(b, a, nat, 4096, 0x2222222222222222, UINT32_MAX - 300);
	// B has the backends in another order, and half of the source ports.
	for (uint16_t i = 0; i < 4; i++)
		b->world.snapshot->backends[i].address = POISE_BE32(WORLD_BACKEND + 3 - i);
	a->world.snapshot->snat[0].last_port = 16895;
	b->world.snapshot->snat[0].first_port = 16896;
}

static void finish(struct node *a, struct node *b)
{
	for (struct node *node = a; node; node = node == a ? b : NULL) {
		cp_sync_shadows_fini(&node->shadows);
		world_fini(&node->world);
	}
}

static void pass(struct node *node)
{
	int turns = 0;

	while (!cp_sync_scan_run(&node->scan, node->world.snapshot, node->now_ms, 100) && turns++ < 1000)
		;
}

static void advance(struct node *a, struct node *b, uint32_t ms)
{
	a->now_ms += ms;
	b->now_ms += ms;
}

static void packet(struct node *node, uint32_t number, enum poise_direction direction, uint8_t flags)
{
	struct poise_packet data = { .kind = POISE_PACKET_TCP, .tcp_flags = flags, .seq = POISE_BE32(7),
				     .ack = POISE_BE32(9) };
	int opened;

	poise_flow_track(poise_record(&node->world.table, number), direction, &data, node->now_ms, &opened);
	if (opened)
		poise_half_open_add(&node->world.table, poise_record(&node->world.table, number)->shard, -1);
}

static uint32_t connect_to(struct node *node, uint32_t client, uint16_t port)
{
	uint32_t number;

	CU_ASSERT_EQUAL_FATAL(world_connect(&node->world, client, port, ~0ull, &number), POISE_FORWARDED);
	poise_record(&node->world.table, number)->last_seen_ms = node->now_ms;
	packet(node, number, POISE_OUTWARD, POISE_TCP_SYN | POISE_TCP_ACK);
	packet(node, number, POISE_INWARD, POISE_TCP_ACK);
	return number;
}

static uint32_t find(struct node *node, uint32_t client, uint16_t port)
{
	struct poise_place place = poise_place_client(&node->world.table, POISE_BE32(client), POISE_BE16(port));
	struct poise_key key = { .src = POISE_BE32(client), .dst = POISE_BE32(WORLD_VIP), .src_port = POISE_BE16(port),
				 .dst_port = POISE_BE16(WORLD_VIP_PORT) };

	return poise_table_find(&node->world.table, &place, &key, POISE_INWARD);
}

static struct poise_flow *flow_of(struct node *node, uint32_t client, uint16_t port)
{
	uint32_t number = find(node, client, port);

	return number ? poise_record(&node->world.table, number) : NULL;
}

static void flows_go_over(enum poise_nat nat)
{
	static struct node a, b;

	pair(&a, &b, nat);
	for (uint16_t i = 0; i < 500; i++)
		connect_to(&a, WORLD_CLIENT + i % 7, (uint16_t)(2000 + i));
	advance(&a, &b, 700); // B's clock wraps
	pass(&a);
	CU_ASSERT_EQUAL(a.puts, 500);
	CU_ASSERT_EQUAL(b.writer.fates[CP_SYNC_CREATED], 500);
	for (uint16_t i = 0; i < 500; i++) {
		const struct poise_flow *there = flow_of(&a, WORLD_CLIENT + i % 7, (uint16_t)(2000 + i));
		const struct poise_flow *here = flow_of(&b, WORLD_CLIENT + i % 7, (uint16_t)(2000 + i));
		struct poise_key reply;
		struct poise_place place;

		CU_ASSERT_FATAL(there && here);
		CU_ASSERT(here->backend == there->backend && here->snat == there->snat);
		CU_ASSERT(here->snat_port == there->snat_port && here->state == there->state);
		CU_ASSERT_EQUAL(memcmp(here->difference, there->difference, sizeof(here->difference)), 0);
		CU_ASSERT_EQUAL(b.world.snapshot->backends[here->backend_index].address, here->backend);
		CU_ASSERT_EQUAL(b.now_ms - here->last_seen_ms, 700);
		CU_ASSERT_EQUAL(memcmp(here->client_mac, there->client_mac, 6), 0);
		CU_ASSERT(!here->ack[0] && !here->ack[1]); // no reset is judged by old numbers
		reply = poise_flow_reply_key(here);
		place = nat == POISE_NAT_FULL ? poise_place_snat(&b.world.table, &reply)
					      : poise_place_client(&b.world.table, here->client, here->client_port);
		CU_ASSERT(poise_table_find(&b.world.table, &place, &reply, POISE_OUTWARD));
	}
	pass(&a);
	pass(&b);
	CU_ASSERT(a.puts == 500 && !b.puts); // nothing new, and nothing comes back
	for (uint32_t i = 0; i < POISE_SHARDS; i++)
		CU_ASSERT_EQUAL(poise_shard(&b.world.table, i)->half_open, 0);
	finish(&a, &b);
}

static void dnat_flows_go_over(void)
{
	flows_go_over(POISE_NAT_DNAT);
}

static void full_nat_flows_go_over(void)
{
	flows_go_over(POISE_NAT_FULL);
}

static void only_what_is_worth_it(void)
{
	static struct node a, b;
	uint32_t number, half;

	pair(&a, &b, POISE_NAT_DNAT);
	CU_ASSERT_EQUAL(world_connect(&a.world, WORLD_CLIENT, 1, ~0ull, &half), POISE_FORWARDED);
	number = connect_to(&a, WORLD_CLIENT, 2);
	packet(&a, number, POISE_INWARD, POISE_TCP_RST); // over before anybody looked
	CU_ASSERT_EQUAL(poise_record(&a.world.table, number)->state, POISE_STATE_RESET);
	pass(&a);
	CU_ASSERT_EQUAL(a.puts, 0);
	number = connect_to(&a, WORLD_CLIENT, 3);
	pass(&a);
	CU_ASSERT_EQUAL(a.puts, 1);
	for (int i = 0; i < 29; i++) { // data alone is no news for half a minute
		advance(&a, &b, 1000);
		packet(&a, number, POISE_INWARD, POISE_TCP_ACK);
		pass(&a);
	}
	CU_ASSERT_EQUAL(a.puts, 1);
	advance(&a, &b, 1000);
	packet(&a, number, POISE_INWARD, POISE_TCP_ACK);
	pass(&a);
	CU_ASSERT_EQUAL(a.puts, 2);
	CU_ASSERT_EQUAL(b.now_ms - flow_of(&b, WORLD_CLIENT, 3)->last_seen_ms, 0);
	packet(&a, number, POISE_INWARD, POISE_TCP_FIN | POISE_TCP_ACK);
	pass(&a);
	CU_ASSERT_EQUAL(a.puts, 3);
	CU_ASSERT_EQUAL(flow_of(&b, WORLD_CLIENT, 3)->state, POISE_STATE_FIN_CLIENT);
	CU_ASSERT(poise_flow_remove(&a.world.table, poise_record(&a.world.table, number), number));
	pass(&a);
	CU_ASSERT(a.removes == 1 && !flow_of(&b, WORLD_CLIENT, 3));
	finish(&a, &b);
}

// The peer's flow becomes ours when packets come here, and its end at the peer is not its end here.
static void a_flow_moves(void)
{
	static struct node a, b;
	uint32_t at_a, at_b;

	pair(&a, &b, POISE_NAT_DNAT);
	at_a = connect_to(&a, WORLD_CLIENT, 5);
	pass(&a);
	at_b = find(&b, WORLD_CLIENT, 5);
	pass(&b);
	CU_ASSERT(at_b && !b.puts);
	advance(&a, &b, 500);
	packet(&b, at_b, POISE_INWARD, POISE_TCP_ACK); // now the client comes by B
	poise_flow_remove(&a.world.table, poise_record(&a.world.table, at_a), at_a);
	pass(&a);
	CU_ASSERT(a.removes == 1 && find(&b, WORLD_CLIENT, 5));
	CU_ASSERT_EQUAL(b.writer.fates[CP_SYNC_NEWER_HERE], 1);
	pass(&b);
	CU_ASSERT(b.puts == 1 && find(&a, WORLD_CLIENT, 5));
	pass(&a);
	CU_ASSERT_EQUAL(a.puts, 1); // B's by now
	packet(&b, at_b, POISE_INWARD, POISE_TCP_FIN);
	packet(&b, at_b, POISE_OUTWARD, POISE_TCP_FIN);
	pass(&b);
	CU_ASSERT_EQUAL(flow_of(&a, WORLD_CLIENT, 5)->state, POISE_STATE_CLOSING);
	finish(&a, &b);
}

// The client's port is used again, by the other way: the later flow wins on both sides.
static void the_later_flow_wins(void)
{
	static struct node a, b;
	uint32_t old, other;

	pair(&a, &b, POISE_NAT_DNAT);
	old = connect_to(&a, WORLD_CLIENT, 6);
	poise_cursor(&b.world.table, 0)->next = 0; // of B's order: another backend
	advance(&a, &b, 100);
	other = connect_to(&b, WORLD_CLIENT, 6);
	CU_ASSERT_NOT_EQUAL(poise_record(&a.world.table, old)->backend, poise_record(&b.world.table, other)->backend);
	pass(&a);
	CU_ASSERT_EQUAL(b.writer.fates[CP_SYNC_NEWER_HERE], 1);
	pass(&b);
	CU_ASSERT_EQUAL(a.writer.fates[CP_SYNC_CREATED], 1);
	CU_ASSERT_EQUAL(flow_of(&a, WORLD_CLIENT, 6)->backend, flow_of(&b, WORLD_CLIENT, 6)->backend);
	pass(&a);
	pass(&b);
	CU_ASSERT(find(&a, WORLD_CLIENT, 6) && find(&b, WORLD_CLIENT, 6));
	CU_ASSERT_EQUAL(a.removes, 0);
	finish(&a, &b);
}

// The link was cut. What ended meanwhile goes, what lives stays, nobody's flow is lost.
static void cut_and_back(void)
{
	static struct node a, b;
	uint32_t gone, stays;

	pair(&a, &b, POISE_NAT_DNAT);
	gone = connect_to(&a, WORLD_CLIENT, 10);
	stays = connect_to(&a, WORLD_CLIENT, 11);
	connect_to(&b, WORLD_CLIENT, 12);
	cp_sync_shadows_peer(&b.shadows, 77);
	pass(&a);
	pass(&b);
	CU_ASSERT(find(&b, WORLD_CLIENT, 10) && find(&b, WORLD_CLIENT, 11) && find(&a, WORLD_CLIENT, 12));
	poise_flow_remove(&a.world.table, poise_record(&a.world.table, gone), gone);
	cp_sync_scan_restart(&a.scan); // a new session, before anybody told
	cp_sync_shadows_peer(&b.shadows, 77);
	cp_sync_shadows_round(&b.shadows);
	pass(&a);
	CU_ASSERT_EQUAL(b.writer.fates[CP_SYNC_REMOVED], 0);
	cp_sync_write_whole(&b.writer);
	while (cp_sync_write_sweep(&b.writer, 50))
		;
	CU_ASSERT_EQUAL(b.writer.fates[CP_SYNC_REMOVED], 1);
	CU_ASSERT(!find(&b, WORLD_CLIENT, 10) && find(&b, WORLD_CLIENT, 11) && find(&b, WORLD_CLIENT, 12));
	CU_ASSERT(find(&a, WORLD_CLIENT, 11) == stays && find(&a, WORLD_CLIENT, 12));
	finish(&a, &b);
}

// The peer comes back without anything: what it had is ours, and it gets it again.
static void the_peer_lost_its_table(void)
{
	static struct node a, b, fresh;

	pair(&a, &b, POISE_NAT_FULL);
	for (uint16_t i = 0; i < 20; i++)
		connect_to(&a, WORLD_CLIENT, (uint16_t)(100 + i));
	cp_sync_shadows_peer(&b.shadows, 77);
	pass(&a);
	pass(&b);
	CU_ASSERT_EQUAL(b.puts, 0);
	make(&fresh, &b, POISE_NAT_FULL, 4096, 0x3333333333333333, 5);
	b.other = &fresh;
	cp_sync_shadows_peer(&b.shadows, 78);
	cp_sync_shadows_round(&b.shadows);
	cp_sync_scan_restart(&b.scan);
	pass(&b);
	CU_ASSERT_EQUAL(fresh.writer.fates[CP_SYNC_CREATED], 20);
	cp_sync_write_whole(&b.writer); // the fresh one has named all it had: nothing
	while (cp_sync_write_sweep(&b.writer, 50))
		;
	CU_ASSERT_EQUAL(b.writer.fates[CP_SYNC_REMOVED], 0);
	CU_ASSERT(find(&b, WORLD_CLIENT, 100) && find(&fresh, WORLD_CLIENT, 119));
	cp_sync_shadows_fini(&fresh.shadows);
	world_fini(&fresh.world);
	finish(&a, &b);
}

static void what_cannot_be_used(void)
{
	static struct node a, b;
	struct cp_sync_flow flow;
	struct poise_flow copy;

	pair(&a, &b, POISE_NAT_FULL);
	copy = *poise_record(&a.world.table, connect_to(&a, WORLD_CLIENT, 20));
	cp_sync_flow_from(&flow, &copy, CP_SYNC_PUT, a.now_ms);
	flow.vip_port ^= POISE_BE16(1);
	CU_ASSERT_EQUAL(cp_sync_write(&b.writer, b.world.snapshot, &flow, b.now_ms), CP_SYNC_NO_SERVICE);
	flow.vip_port ^= POISE_BE16(1);
	flow.backend ^= POISE_BE32(0x80);
	CU_ASSERT_EQUAL(cp_sync_write(&b.writer, b.world.snapshot, &flow, b.now_ms), CP_SYNC_NO_BACKEND);
	flow.backend ^= POISE_BE32(0x80);
	flow.snat ^= POISE_BE32(0x80);
	CU_ASSERT_EQUAL(cp_sync_write(&b.writer, b.world.snapshot, &flow, b.now_ms), CP_SYNC_NO_SOURCE);
	flow.snat ^= POISE_BE32(0x80);
	flow.age_ms = htobe32(7440 * 1000);
	CU_ASSERT_EQUAL(cp_sync_write(&b.writer, b.world.snapshot, &flow, b.now_ms), CP_SYNC_EXPIRED);
	flow.age_ms = 0;
	flow.state = POISE_STATE_FREE;
	CU_ASSERT_EQUAL(cp_sync_write(&b.writer, b.world.snapshot, &flow, b.now_ms), CP_SYNC_MALFORMED);
	flow.state = POISE_STATE_ESTABLISHED;
	CU_ASSERT_EQUAL(cp_sync_write(&b.writer, b.world.snapshot, &flow, b.now_ms), CP_SYNC_CREATED);
	flow.client_port ^= POISE_BE16(1); // another client with the source port of the first
	CU_ASSERT_EQUAL(cp_sync_write(&b.writer, b.world.snapshot, &flow, b.now_ms), CP_SYNC_COLLISION);
	flow.kind = CP_SYNC_REMOVE;
	CU_ASSERT_EQUAL(cp_sync_write(&b.writer, b.world.snapshot, &flow, b.now_ms), CP_SYNC_GONE_HERE);
	for (uint32_t i = 0; i < CP_SYNC_FATES; i++)
		CU_ASSERT_NOT_EQUAL(strcmp(cp_sync_fate_name((enum cp_sync_fate)i), "?"), 0);
	CU_ASSERT(cp_sync_fate_ignored(CP_SYNC_NO_BACKEND) && !cp_sync_fate_ignored(CP_SYNC_CREATED));
	finish(&a, &b);
}

// A full table refuses and is left as it was; a full link makes the scan wait where it is.
static void bounds(void)
{
	static struct node a, b;
	uint32_t used = 0;

	make(&a, &b, POISE_NAT_DNAT, 20000, 0x4444444444444444, 9);
	make(&b, &a, POISE_NAT_DNAT, 1000, 0x5555555555555555, 9);
	for (uint32_t i = 0; i < 8000; i++)
		connect_to(&a, WORLD_CLIENT + i / 1000, (uint16_t)(1024 + i % 1000));
	a.room = 100;
	CU_ASSERT(!cp_sync_scan_run(&a.scan, a.world.snapshot, a.now_ms, 1000000));
	CU_ASSERT(!cp_sync_scan_run(&a.scan, a.world.snapshot, a.now_ms, 1000000));
	CU_ASSERT(a.puts == 100 && !a.scan.whole);
	a.room = UINT32_MAX;
	CU_ASSERT(cp_sync_scan_run(&a.scan, a.world.snapshot, a.now_ms, 1000000));
	CU_ASSERT(a.puts == 8000 && a.scan.whole);
	CU_ASSERT_EQUAL(b.writer.fates[CP_SYNC_CREATED] + b.writer.fates[CP_SYNC_TABLE_FULL], 8000);
	CU_ASSERT(b.writer.fates[CP_SYNC_CREATED] >= 1000);
	for (uint32_t i = 0; i < POISE_SHARDS; i++)
		used += poise_shard(&b.world.table, i)->used;
	CU_ASSERT_EQUAL(used, b.writer.fates[CP_SYNC_CREATED]);
	finish(&a, &b);
}

// 255 sessions later nothing is mistaken for what it was.
static void numbers_wrap(void)
{
	static struct node a, b;

	pair(&a, &b, POISE_NAT_DNAT);
	connect_to(&a, WORLD_CLIENT, 30);
	for (uint32_t i = 1; i <= 600; i++) {
		pass(&a);
		CU_ASSERT_EQUAL(a.puts, i);
		cp_sync_scan_restart(&a.scan);
		cp_sync_shadows_peer(&b.shadows, i);
		cp_sync_shadows_round(&b.shadows);
		CU_ASSERT(a.shadows.session && b.shadows.peers && b.shadows.round);
	}
	finish(&a, &b);
}

static const struct check_case cases[] = {
	{ "DNAT flows go over", dnat_flows_go_over },
	{ "full NAT flows go over", full_nat_flows_go_over },
	{ "only what is worth it", only_what_is_worth_it },
	{ "a flow moves", a_flow_moves },
	{ "the later flow wins", the_later_flow_wins },
	{ "cut and back", cut_and_back },
	{ "the peer lost its table", the_peer_lost_its_table },
	{ "what cannot be used", what_cannot_be_used },
	{ "bounds", bounds },
	{ "numbers wrap", numbers_wrap },
};

CHECK_MAIN("sync_flows", cases)
