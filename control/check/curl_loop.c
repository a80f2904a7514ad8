// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdlib.h>

#include <curl/curl.h>

#include "check.h"

struct cp_curl_loop {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
};

// Kept with the easy handle while its transfer runs.
struct transfer {
	struct cp_check *check;
	void (*done)(struct cp_check *check, int result);
};

static void finish(struct cp_curl_loop *loop, CURL *easy, CURLcode result)
{
	struct transfer *transfer = NULL, copy;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
	copy = *transfer;
	cp_curl_loop_remove(loop, easy);
	copy.done(copy.check, (int)result);
}

static void collect(struct cp_curl_loop *loop)
{
	CURLMsg *message;
	int left;

	// The message is gone once its handle is removed: read it first.
	while ((message = curl_multi_info_read(loop->multi, &left)))
		if (message->msg == CURLMSG_DONE)
			finish(loop, message->easy_handle, message->data.result);
}

static void on_socket(evutil_socket_t fd, short what, void *context)
{
	struct cp_curl_loop *loop = context;
	int mask = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(loop->multi, fd, mask, &running);
	collect(loop);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct cp_curl_loop *loop = context;
	int running;

	curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(loop);
}

// curl wants to know when `fd` is ready. `event` is what was assigned to it before.
static int want_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *event)
{
	struct cp_curl_loop *loop = context;
	short flags = EV_PERSIST;
	struct event *fresh;

	if (event)
		event_free(event);
	curl_multi_assign(loop->multi, fd, NULL);
	if (what == CURL_POLL_REMOVE)
		return 0;
	if (what != CURL_POLL_OUT)
		flags |= EV_READ;
	if (what != CURL_POLL_IN)
		flags |= EV_WRITE;
	fresh = event_new(loop->base, fd, flags, on_socket, loop);
	if (!fresh || event_add(fresh, NULL)) { // the transfer then ends by its timeout
		if (fresh)
			event_free(fresh);
		return 0;
	}
	curl_multi_assign(loop->multi, fd, fresh);
	return 0;
}

static int want_timer(CURLM *multi, long ms, void *context)
{
	struct cp_curl_loop *loop = context;
	struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (ms < 0)
		return evtimer_del(loop->timer);
	return evtimer_add(loop->timer, &time);
}

struct cp_curl_loop *cp_curl_loop_create(struct event_base *base)
{
	struct cp_curl_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->base = base;
	loop->timer = evtimer_new(base, on_timer, loop);
	// Addresses are numeric: no resolver is set up.
	if (curl_global_init(CURL_GLOBAL_SSL) == CURLE_OK)
		loop->multi = curl_multi_init();
	if (!loop->timer || !loop->multi) {
		cp_curl_loop_destroy(loop);
		return NULL;
	}
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
	return loop;
}

void cp_curl_loop_destroy(struct cp_curl_loop *loop)
{
	if (!loop)
		return;
	curl_multi_cleanup(loop->multi);
	if (loop->timer)
		event_free(loop->timer);
	curl_global_cleanup();
	free(loop);
}

int cp_curl_loop_add(struct cp_curl_loop *loop, void *easy, struct cp_check *check,
		     void (*done)(struct cp_check *check, int result))
{
	struct transfer *transfer = malloc(sizeof(*transfer));

	if (!transfer)
		return -1;
	*transfer = (struct transfer){.check = check, .done = done};
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	if (curl_multi_add_handle(loop->multi, easy) == CURLM_OK)
		return 0;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
	free(transfer);
	return -1;
}

void cp_curl_loop_remove(struct cp_curl_loop *loop, void *easy)
{
	struct transfer *transfer = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
	if (!transfer)
		return;
	curl_multi_remove_handle(loop->multi, easy);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
	free(transfer);
}
