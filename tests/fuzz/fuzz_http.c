// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// libFuzzer: any bytes as the head of a request to the metrics port. It is whole or not, it is parsed within its
// bytes, and it is answered with a head that has one end.
#include "../unit/check.h"
#include "metrics_http.h"
#include "packet_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(const struct cp_http_request *request)
{
	struct evbuffer *out = evbuffer_new(), *body = evbuffer_new();
	const char *end;
	char *text;

	if (!out || !body)
		exit(1);
	evbuffer_add_printf(body, "body");
	cp_http_answer(out, request, request->status ? request->status : 200, "text/plain", NULL, body);
	evbuffer_add(out, "", 1);
	text = (char *)evbuffer_pullup(out, -1);
	end = strstr(text, "\r\n\r\n");
	MUST(!strncmp(text, "HTTP/1.1 ", 9) && end && !strcmp(end + 4, request->head ? "" : "body"));
	evbuffer_free(out);
	evbuffer_free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evbuffer *input = evbuffer_new();
	struct cp_http_request request;
	size_t length;
	char *head;

	if (!input)
		exit(1);
	evbuffer_add(input, data, size);
	length = cp_http_complete(input);
	MUST(length <= size && (!length || data[length - 1] == '\n'));
	head = check_copy(data, length ? length : size); // one that is cut off is parsed as well
	cp_http_parse(&request, head, length ? length : size);
	MUST(memchr(request.path, 0, sizeof(request.path)) && (request.status || request.path[0] == '/'));
	answer(&request);
	evbuffer_free(input);
	free(head);
	return 0;
}
