// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// As much HTTP as a scraper needs: one GET or HEAD, one answer, end of connection. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <event2/buffer.h>

#define CP_HTTP_HEAD_MAX 8192
#define CP_HTTP_PATH_SIZE 128

struct cp_http_request {
	int status;		      // 0: fine; else the status to refuse it with
	bool head;		      // HEAD: no body is sent
	char path[CP_HTTP_PATH_SIZE]; // without the query
};

// Bytes up to and including the empty line that ends the head, 0 when it is not there yet.
size_t cp_http_complete(struct evbuffer *input);

// Read the request line of a head of `length` bytes.
void cp_http_parse(struct cp_http_request *request, const char *head, size_t length);

// Write a whole answer with a body of `type` (moved out of `body`) into `answer`. `policy` is the content security
// policy, NULL for one that lets nothing be loaded.
void cp_http_answer(struct evbuffer *answer, const struct cp_http_request *request, int status,
		    const char *type, const char *policy, struct evbuffer *body);
