// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The two halves of the sync over real sockets on loopback, with somebody in the middle who records, and who tries.
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sync_receive.h"
#include "sync_send.h"
#include "world.h"

#define RECORD_MOST 65536

struct pair {
	struct event_base *base;
	struct world a, b; // a tells, b hears
	struct cp_ha at_a, at_b;
	struct cp_sync_secret secret_a, secret_b;
	struct cp_sync_shadows shadows_a, shadows_b;
	struct cp_sync_writer writer;
	struct cp_sync_sender *sender;
	struct cp_sync_receiver *receiver;
	uint32_t wholes;
	bool busy;
};

static bool is_busy(void *context)
{
	return ((struct pair *)context)->busy;
}

static void on_whole(void *context)
{
	((struct pair *)context)->wholes++;
}

static uint16_t free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&address, size), 0);
	CU_ASSERT_EQUAL_FATAL(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static struct cp_ha ha_of(uint32_t node, uint16_t listen, uint16_t peer)
{
	struct cp_ha ha = { .on = true, .node = node, .listen_port = listen, .peer_port = peer };

	strcpy(ha.listen_address, "127.0.0.1");
	strcpy(ha.peer_address, "127.0.0.1");
	return ha;
}

static void hear(struct pair *pair)
{
	const struct cp_sync_receiver_place place = {
		.base = pair->base, .ha = &pair->at_b, .secret = &pair->secret_b, .writer = &pair->writer,
		.snapshot = &pair->b.snapshot, .table_id = 2, .busy = is_busy, .whole = on_whole, .context = pair,
	};

	pair->receiver = cp_sync_receiver_create(&place);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pair->receiver);
}

static void tell(struct pair *pair)
{
	const struct cp_sync_sender_place place = {
		.base = pair->base, .ha = &pair->at_a, .secret = &pair->secret_a, .table = &pair->a.table,
		.snapshot = &pair->a.snapshot, .shadows = &pair->shadows_a, .table_id = 1,
	};

	pair->sender = cp_sync_sender_create(&place);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pair->sender);
}

static void begin(struct pair *pair)
{
	memset(pair, 0, sizeof(*pair));
	pair->base = event_base_new();
	world_init(&pair->a, 4, POISE_NAT_DNAT, 8192);
	world_init(&pair->b, 4, POISE_NAT_DNAT, 8192);
	pair->at_b = ha_of(1, free_port(), 1);
	pair->at_a = ha_of(0, 1, pair->at_b.listen_port);
	cp_sync_secret(&pair->secret_a, "secret", 6);
	cp_sync_secret(&pair->secret_b, "secret", 6);
	cp_sync_shadows_init(&pair->shadows_a, &pair->a.table);
	cp_sync_shadows_init(&pair->shadows_b, &pair->b.table);
	pair->writer = (struct cp_sync_writer){ .table = pair->b.table, .shadows = &pair->shadows_b };
	hear(pair);
}

static void finish(struct pair *pair)
{
	cp_sync_sender_destroy(pair->sender);
	cp_sync_receiver_destroy(pair->receiver);
	cp_sync_shadows_fini(&pair->shadows_a);
	cp_sync_shadows_fini(&pair->shadows_b);
	world_fini(&pair->a);
	world_fini(&pair->b);
	event_base_free(pair->base);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Turns of the loop until a condition holds; it fails after five seconds.
#define UNTIL(pair, condition)                                                           \
	do {                                                                             \
		uint64_t end_ns = now_ns() + 5000000000ull;                              \
		while (!(condition) && now_ns() < end_ns)                                \
			event_base_loop((pair)->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);    \
		CU_ASSERT(condition);                                                    \
	} while (0)

static void connect_clients(struct world *world, uint16_t first, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		struct poise_flow *flow;
		uint32_t number;

		CU_ASSERT_EQUAL_FATAL(world_connect(world, WORLD_CLIENT, (uint16_t)(first + i), ~0ull, &number),
				      POISE_FORWARDED);
		flow = poise_record(&world->table, number);
		flow->state = POISE_STATE_ESTABLISHED;
		flow->last_seen_ms = (uint32_t)(now_ns() / 1000000);
	}
}

static void flows_go_over(void)
{
	static struct pair pair;
	const struct cp_sync_sender_view *out;
	const struct cp_sync_receiver_view *in;

	begin(&pair);
	connect_clients(&pair.a, 1000, 3000); // more than a message, more than a turn
	tell(&pair);
	out = cp_sync_sender_view(pair.sender);
	in = cp_sync_receiver_view(pair.receiver);
	UNTIL(&pair, pair.wholes == 1);
	CU_ASSERT(out->connected && out->whole && in->connected && in->whole);
	CU_ASSERT(out->epoch && out->epoch == in->epoch);
	CU_ASSERT(out->flows_put == 3000 && in->flows == 3000);
	CU_ASSERT_EQUAL(pair.writer.fates[CP_SYNC_CREATED], 3000);
	connect_clients(&pair.a, 5000, 10);
	UNTIL(&pair, pair.writer.fates[CP_SYNC_CREATED] == 3010);
	UNTIL(&pair, out->settled_ns != 0);
	CU_ASSERT(out->lag_ns > 0 && out->lag_ns < 5000000000ull);
	pair.busy = true; // the table may not be written to: what comes waits
	connect_clients(&pair.a, 6000, 10);
	UNTIL(&pair, out->flows_put == 3020);
	for (int i = 0; i < 100; i++)
		event_base_loop(pair.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	CU_ASSERT_EQUAL(pair.writer.fates[CP_SYNC_CREATED], 3010);
	pair.busy = false;
	UNTIL(&pair, pair.writer.fates[CP_SYNC_CREATED] == 3020);
	finish(&pair);
}

static void hurry_settles(void)
{
	static struct pair pair;
	uint64_t before_ns;

	begin(&pair);
	connect_clients(&pair.a, 1000, 5);
	tell(&pair);
	UNTIL(&pair, pair.wholes == 1);
	connect_clients(&pair.a, 2000, 5);
	before_ns = now_ns();
	cp_sync_sender_hurry(pair.sender);
	UNTIL(&pair, cp_sync_sender_view(pair.sender)->settled_ns > before_ns);
	CU_ASSERT_EQUAL(pair.writer.fates[CP_SYNC_CREATED], 10);
	CU_ASSERT(now_ns() - before_ns < 1000000000ull);
	finish(&pair);
}

static void the_link_is_cut(void)
{
	static struct pair pair;
	const struct cp_sync_sender_view *out;

	begin(&pair);
	connect_clients(&pair.a, 1000, 50);
	tell(&pair);
	out = cp_sync_sender_view(pair.sender);
	UNTIL(&pair, pair.wholes == 1);
	cp_sync_receiver_destroy(pair.receiver);
	pair.receiver = NULL;
	UNTIL(&pair, !out->connected && out->error[0]);
	hear(&pair);
	UNTIL(&pair, pair.wholes == 2);
	CU_ASSERT(out->sessions == 2 && out->flows_put == 100);
	CU_ASSERT_EQUAL(pair.writer.fates[CP_SYNC_CREATED], 50);
	CU_ASSERT_EQUAL(pair.writer.fates[CP_SYNC_UPDATED], 50);
	finish(&pair);
}

static void two_of_a_number(void)
{
	static struct pair pair;

	begin(&pair);
	pair.at_a.node = 1;
	tell(&pair);
	UNTIL(&pair, cp_sync_receiver_view(pair.receiver)->refused[CP_SYNC_REFUSED_SAME_NODE]);
	UNTIL(&pair, cp_sync_sender_view(pair.sender)->refused[CP_SYNC_REFUSED_SAME_NODE]);
	CU_ASSERT_PTR_NOT_NULL(strstr(cp_sync_sender_view(pair.sender)->error, "node 1 as well"));
	CU_ASSERT(!cp_sync_receiver_view(pair.receiver)->connected);
	finish(&pair);
}

static void another_key(void)
{
	static struct pair pair;

	begin(&pair);
	cp_sync_secret(&pair.secret_a, "another", 7);
	tell(&pair);
	UNTIL(&pair, cp_sync_receiver_view(pair.receiver)->refused[CP_SYNC_REFUSED_FORGERY]);
	UNTIL(&pair, strstr(cp_sync_sender_view(pair.sender)->error, "hangs up") != NULL);
	finish(&pair);
}

// A connection of somebody else's making, who says `bytes`.
static int call(const struct pair *pair, const void *bytes, size_t size)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons(pair->at_b.listen_port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	CU_ASSERT_EQUAL(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
	return fd;
}

static void who_has_no_key(void)
{
	static struct pair pair;
	const struct cp_sync_receiver_view *in;
	uint8_t bytes[256] = { 0 }, answer[256];
	uint32_t length;
	int fds[5];

	begin(&pair);
	in = cp_sync_receiver_view(pair.receiver);
	memset(bytes, 'x', sizeof(bytes));
	fds[0] = call(&pair, bytes, sizeof(bytes));
	UNTIL(&pair, in->refused[CP_SYNC_REFUSED_NOISE] == 1);
	memset(bytes, 0, sizeof(bytes));
	length = cp_sync_header(bytes, CP_SYNC_HELLO, sizeof(struct cp_sync_greeting));
	fds[1] = call(&pair, bytes, length);
	UNTIL(&pair, in->refused[CP_SYNC_REFUSED_FORGERY] == 1);
	length = cp_sync_header(bytes, CP_SYNC_START, 0);
	fds[2] = call(&pair, bytes, length);
	UNTIL(&pair, in->refused[CP_SYNC_REFUSED_OUT_OF_PLACE] == 1);
	((struct cp_sync_header *)(void *)bytes)->version = htobe16(2);
	fds[3] = call(&pair, bytes, length);
	UNTIL(&pair, in->refused[CP_SYNC_REFUSED_OTHER_VERSION] == 1);
	CU_ASSERT_EQUAL(recv(fds[3], answer, sizeof(answer), 0), 64);
	CU_ASSERT(be16toh(((struct cp_sync_header *)(void *)answer)->version) == CP_SYNC_VERSION);
	CU_ASSERT_EQUAL(cp_sync_type(answer), CP_SYNC_REFUSE);
	fds[4] = call(&pair, bytes, 7);
	for (int i = 0; i < 20; i++)
		event_base_loop(pair.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	cp_sync_receiver_look(pair.receiver, now_ns() + CP_SYNC_LINK_SILENCE_NS);
	cp_sync_receiver_look(pair.receiver, now_ns() + 2 * CP_SYNC_LINK_SILENCE_NS);
	CU_ASSERT_EQUAL(in->refused[CP_SYNC_REFUSED_SILENCE], 1);
	CU_ASSERT(!in->connected && !in->sessions && !in->flows);
	for (int i = 0; i < 5; i++)
		close(fds[i]);
	finish(&pair);
}

// From one descriptor to the other; what is copied from the first is kept.
static void relay(int from, int to, uint8_t *record, size_t *size)
{
	uint8_t bytes[4096];
	ssize_t got = recv(from, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got <= 0)
		return;
	if (record && *size + (size_t)got <= RECORD_MOST) {
		memcpy(record + *size, bytes, (size_t)got);
		*size += (size_t)got;
	}
	CU_ASSERT_EQUAL(send(to, bytes, (size_t)got, MSG_NOSIGNAL), got);
}

// Everything that a good session said is said again, on a connection of its own and in the middle of a session.
static void a_recorded_session(void)
{
	static struct pair pair;
	static uint8_t record[RECORD_MOST];
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct cp_sync_receiver_view *in;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), sender = -1, receiver = -1, again;
	size_t size = 0;
	uint64_t flows;

	begin(&pair);
	in = cp_sync_receiver_view(pair.receiver);
	pair.at_a.peer_port = free_port();
	address.sin_port = htons(pair.at_a.peer_port);
	CU_ASSERT_EQUAL_FATAL(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	CU_ASSERT_EQUAL_FATAL(listen(listener, 1), 0);
	connect_clients(&pair.a, 1000, 100);
	tell(&pair);
	while (sender < 0) {
		event_base_loop(pair.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		sender = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		if (sender < 0 && errno != EAGAIN)
			CU_FAIL_FATAL("accept");
	}
	receiver = call(&pair, "", 0);
	UNTIL(&pair, (relay(sender, receiver, record, &size), relay(receiver, sender, NULL, NULL), pair.wholes == 1));
	CU_ASSERT(in->connected && in->flows == 100);
	flows = in->flows;
	again = call(&pair, record, size); // HELLO is good, and gets another nonce
	UNTIL(&pair, in->refused[CP_SYNC_REFUSED_REPLAY] == 1);
	CU_ASSERT(in->connected && in->sessions == 1); // the good session has not noticed
	CU_ASSERT_EQUAL(in->flows, flows);
	close(again);
	CU_ASSERT_EQUAL(send(receiver, record + 112, size - 112, MSG_NOSIGNAL), (ssize_t)(size - 112));
	UNTIL(&pair, in->refused[CP_SYNC_REFUSED_REPLAY] == 2);
	CU_ASSERT(!in->connected && in->flows == flows);
	close(listener);
	close(sender);
	close(receiver);
	finish(&pair);
}

static const struct check_case cases[] = {
	{ "flows go over", flows_go_over },
	{ "hurry settles", hurry_settles },
	{ "the link is cut", the_link_is_cut },
	{ "two of a number", two_of_a_number },
	{ "another key", another_key },
	{ "who has no key", who_has_no_key },
	{ "a recorded session", a_recorded_session },
};

CHECK_MAIN("sync_link", cases)
