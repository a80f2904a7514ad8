// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The server of the control socket against clients that mean no good, on a real socket.
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "stream.h"

#define PLACES 256
#define SILENT 500
#define BIG 1000000 // bytes, more than a socket takes
#define UNREAD 20
#define ASKERS (PLACES + 40)

static char path[40];
static unsigned served;
static const char zeroes[100];

static size_t complete(struct evbuffer *input)
{
	struct evbuffer_ptr end = evbuffer_search_eol(input, NULL, NULL, EVBUFFER_EOL_LF);

	return end.pos < 0 ? 0 : (size_t)end.pos + 1;
}

static void on_request(void *context, struct cp_stream_client *client, const char *text, size_t length, bool whole)
{
	struct evbuffer *answer = evbuffer_new();

	served++;
	evbuffer_add_printf(answer, "%s", whole ? "good\n" : "bad\n");
	for (size_t i = 0; length > 1 && text[0] == 'b' && i < BIG; i += 100)
		evbuffer_add(answer, zeroes, sizeof(zeroes));
	cp_stream_answer(client, answer);
	evbuffer_free(answer);
}

static const struct cp_stream_ops ops = {
	.clients_max = PLACES, .request_max = 4096, .unread_max = 4 * BIG, .deadline_ms = 5000,
	.complete = complete,  .request = on_request,
};

static int unix_socket(bool listening)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path);
	CU_ASSERT_TRUE_FATAL(fd >= 0);
	if (listening) {
		CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		CU_ASSERT_EQUAL_FATAL(listen(fd, PLACES), 0);
	} else {
		CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	}
	return fd;
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

// Ask, and turn the loop until there is an answer; returns how long that took.
static double ask(struct event_base *base, char *answer, size_t size)
{
	double begin = now_ms();
	int fd = unix_socket(false);
	ssize_t length = -1;

	CU_ASSERT_EQUAL(write(fd, "hello\n", 6), 6);
	while (length < 0 && now_ms() - begin < 2000) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		length = read(fd, answer, size - 1);
	}
	answer[length > 0 ? length : 0] = 0;
	close(fd);
	return now_ms() - begin;
}

static void silent_clients_keep_nobody_out(void)
{
	struct event_base *base = event_base_new();
	struct cp_stream *stream;
	int silent[SILENT];
	char answer[64];
	unsigned late = 0;

	served = 0;
	snprintf(path, sizeof(path), "/tmp/poise-stream-%d", (int)getpid());
	stream = cp_stream_create(base, unix_socket(true), &ops, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	for (int i = 0; i < SILENT; i++) {
		silent[i] = unix_socket(false);
		if (i % 2) { // half of them begin a request that never ends
			CU_ASSERT_EQUAL(write(silent[i], "\xff\"{", 3), 3);
		}
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	for (int i = 0; i < 20; i++) {
		late += ask(base, answer, sizeof(answer)) >= 100;
		CU_ASSERT_STRING_EQUAL(answer, "good\n");
	}
	CU_ASSERT_TRUE(late <= 2); // a busy machine may hold up some, silent clients would hold up all
	CU_ASSERT_EQUAL(served, 20);
	for (int i = 0; i < SILENT; i++)
		close(silent[i]);
	cp_stream_destroy(stream);
	event_base_free(base);
	unlink(path);
}

// Read what comes while the loop turns; true when it was all of a big answer.
static bool reads_whole(struct event_base *base, int fd)
{
	char part[65536];
	size_t sum = 0;
	ssize_t got;

	for (double begin = now_ms(); now_ms() - begin < 2000;) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		got = read(fd, part, sizeof(part));
		if (!got)
			break;
		sum += got > 0 ? (size_t)got : 0;
	}
	return sum > BIG;
}

static void answers_that_nobody_reads_are_bounded(void)
{
	struct event_base *base = event_base_new();
	struct cp_stream *stream;
	int clients[UNREAD];
	unsigned whole = 0;

	snprintf(path, sizeof(path), "/tmp/poise-stream-%d", (int)getpid());
	stream = cp_stream_create(base, unix_socket(true), &ops, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	for (int i = 0; i < UNREAD; i++) {
		clients[i] = unix_socket(false);
		CU_ASSERT_EQUAL(write(clients[i], "big\n", 4), 4);
		event_base_loop(base, EVLOOP_NONBLOCK);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	CU_ASSERT_TRUE(reads_whole(base, clients[UNREAD - 1])); // the newest is not concerned
	for (int i = 0; i < UNREAD - 1; i++)
		whole += reads_whole(base, clients[i]);
	CU_ASSERT_TRUE(whole >= 3 && whole <= 6); // what is in the kernel's buffers does not count
	for (int i = 0; i < UNREAD; i++)
		close(clients[i]);
	cp_stream_destroy(stream);
	event_base_free(base);
	unlink(path);
}

static void clients_that_do_not_read_keep_nobody_out(void)
{
	struct cp_stream_ops generous = ops;
	struct event_base *base = event_base_new();
	struct cp_stream *stream;
	int clients[ASKERS];
	char answer[64];

	generous.unread_max = 1u << 30;
	snprintf(path, sizeof(path), "/tmp/poise-stream-%d", (int)getpid());
	stream = cp_stream_create(base, unix_socket(true), &generous, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	for (int i = 0; i < ASKERS; i++) {
		clients[i] = unix_socket(false);
		CU_ASSERT_EQUAL(write(clients[i], "big\n", 4), 4);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	CU_ASSERT_TRUE(ask(base, answer, sizeof(answer)) < 1500);
	CU_ASSERT_STRING_EQUAL(answer, "good\n");
	for (int i = 0; i < ASKERS; i++)
		close(clients[i]);
	cp_stream_destroy(stream);
	event_base_free(base);
	unlink(path);
}

// The loop accepts all that wait before it reads: one that has asked and was not heard is not one that is silent.
static void who_has_asked_is_not_silent(void)
{
	struct event_base *base = event_base_new();
	struct cp_stream *stream;
	int good, silent[PLACES];
	char answer[64] = "";
	ssize_t length = -1;

	snprintf(path, sizeof(path), "/tmp/poise-stream-%d", (int)getpid());
	stream = cp_stream_create(base, unix_socket(true), &ops, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	good = unix_socket(false);
	CU_ASSERT_EQUAL(write(good, "hello\n", 6), 6);
	for (int i = 0; i < PLACES; i++)
		silent[i] = unix_socket(false);
	for (double begin = now_ms(); length < 0 && now_ms() - begin < 2000;) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		length = read(good, answer, sizeof(answer) - 1);
	}
	CU_ASSERT_STRING_EQUAL(answer, "good\n");
	close(good);
	for (int i = 0; i < PLACES; i++)
		close(silent[i]);
	cp_stream_destroy(stream);
	event_base_free(base);
	unlink(path);
}

static const struct check_case cases[] = {
	{ "answers that nobody reads are bounded", answers_that_nobody_reads_are_bounded },
	{ "clients that do not read keep nobody out", clients_that_do_not_read_keep_nobody_out },
	{ "who has asked is not silent", who_has_asked_is_not_silent },
	{ "silent clients keep nobody out", silent_clients_keep_nobody_out },
};

CHECK_MAIN("stream", cases)
