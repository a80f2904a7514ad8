// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "api_queue.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct item {
	struct item *next;
	struct cp_stream_client *client;
	size_t length;
	char text[];
};

struct cp_api_queue {
	struct event *turn;
	cp_api_queue_run *run;
	void *context;
	struct item *first, **end;
	unsigned count;
};

// Those that look at every flow.
static const char *const costly[] = {"\"flows\"", "\"plan\""};

#define LEAST_US 100 // a turn of the loop later, not within this one

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int wait_us(const struct cp_api_queue *queue, uint64_t us)
{
	const struct timeval time = {.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};

	return evtimer_add(queue->turn, &time);
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
	struct cp_api_queue *queue = context;
	struct item *item = queue->first;
	uint64_t began_us = now_us(), took_us;

	if (!item)
		return;
	queue->first = item->next;
	queue->count--;
	if (!queue->first)
		queue->end = &queue->first;
	queue->run(queue->context, item->client, item->text, item->length);
	free(item);
	took_us = now_us() - began_us;
	if (queue->first)
		wait_us(queue, took_us > LEAST_US ? took_us : LEAST_US);
}

struct cp_api_queue *cp_api_queue_create(struct event_base *base, cp_api_queue_run *run, void *context)
{
	struct cp_api_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->turn = evtimer_new(base, on_turn, queue);
	queue->run = run;
	queue->context = context;
	queue->end = &queue->first;
	if (queue->turn)
		return queue;
	free(queue);
	return NULL;
}

void cp_api_queue_destroy(struct cp_api_queue *queue)
{
	struct item *item, *next;

	if (!queue)
		return;
	for (item = queue->first; item; item = next) {
		next = item->next;
		free(item);
	}
	event_free(queue->turn);
	free(queue);
}

bool cp_api_queue_costly(const char *text, size_t length)
{
	for (size_t i = 0; i < sizeof(costly) / sizeof(*costly); i++)
		if (memmem(text, length, costly[i], strlen(costly[i])))
			return true;
	return false;
}

bool cp_api_queue_add(struct cp_api_queue *queue, struct cp_stream_client *client, const char *text, size_t length)
{
	struct item *item = malloc(sizeof(*item) + length);

	if (!item || (!queue->first && wait_us(queue, LEAST_US))) {
		free(item);
		return false;
	}
	item->next = NULL;
	item->client = client;
	item->length = length;
	memcpy(item->text, text, length);
	*queue->end = item;
	queue->end = &item->next;
	queue->count++;
	return true;
}

unsigned cp_api_queue_count(const struct cp_api_queue *queue)
{
	return queue->count;
}

void cp_api_queue_forget(struct cp_api_queue *queue, const struct cp_stream_client *client)
{
	struct item **link = &queue->first, *item = queue->first;

	while (item && item->client != client) {
		link = &item->next;
		item = item->next;
	}
	if (!item)
		return;
	*link = item->next;
	queue->count--;
	if (queue->end == &item->next)
		queue->end = link;
	free(item);
}
