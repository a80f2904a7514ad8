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

static char path[40];
static unsigned served;

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
	cp_stream_answer(client, answer);
	evbuffer_free(answer);
}

static const struct cp_stream_ops ops = {
	.clients_max = PLACES, .request_max = 4096, .deadline_ms = 5000, .complete = complete, .request = on_request,
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
	double took;

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
		took = ask(base, answer, sizeof(answer));
		CU_ASSERT_STRING_EQUAL(answer, "good\n");
		CU_ASSERT_TRUE(took < 100);
	}
	CU_ASSERT_EQUAL(served, 20);
	for (int i = 0; i < SILENT; i++)
		close(silent[i]);
	cp_stream_destroy(stream);
	event_base_free(base);
	unlink(path);
}

static const struct check_case cases[] = {
	{ "silent clients keep nobody out", silent_clients_keep_nobody_out },
};

CHECK_MAIN("stream", cases)
