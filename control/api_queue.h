// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Requests of the control socket that cost much wait here for their turn. After each of them poised does other things
// for as long as it took, so that hundreds of them hold up neither a cheap request nor a health check for longer than
// one of them takes.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <event2/event.h>

struct cp_api_queue;
struct cp_stream_client;

// Answers `client`; `text` is valid during the call.
typedef void cp_api_queue_run(void *context, struct cp_stream_client *client, const char *text, size_t length);

// NULL without memory.
struct cp_api_queue *cp_api_queue_create(struct event_base *base, cp_api_queue_run *run, void *context);
void cp_api_queue_destroy(struct cp_api_queue *queue);

// Is it one that belongs here? A guess by its words: one that is wrong costs a turn and nothing else.
bool cp_api_queue_costly(const char *text, size_t length);

// Keep a copy of the request until it is its turn. False without memory.
bool cp_api_queue_add(struct cp_api_queue *queue, struct cp_stream_client *client, const char *text, size_t length);

// How many wait.
unsigned cp_api_queue_count(const struct cp_api_queue *queue);

// The client is gone: nothing is owed to it any more.
void cp_api_queue_forget(struct cp_api_queue *queue, const struct cp_stream_client *client);
