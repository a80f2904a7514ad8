// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <string.h>

#include "metrics_http.h"

size_t cp_http_complete(struct evbuffer *input)
{
	struct evbuffer_ptr strict = evbuffer_search(input, "\r\n\r\n", 4, NULL);
	struct evbuffer_ptr plain = evbuffer_search(input, "\n\n", 2, NULL);

	if (strict.pos >= 0 && (plain.pos < 0 || strict.pos < plain.pos))
		return (size_t)strict.pos + 4;
	return plain.pos >= 0 ? (size_t)plain.pos + 2 : 0;
}

// The next word of a line and the position behind the blank after it.
static size_t word(const char *line, size_t length, const char **rest, size_t *rest_length)
{
	const char *blank = memchr(line, ' ', length);
	size_t size = blank ? (size_t)(blank - line) : length;

	*rest = blank ? blank + 1 : line + length;
	*rest_length = length - size - (blank ? 1 : 0);
	return size;
}

static bool equals(const char *text, size_t length, const char *other)
{
	return strlen(other) == length && memcmp(text, other, length) == 0;
}

void cp_http_parse(struct cp_http_request *request, const char *head, size_t length)
{
	const char *end = memchr(head, '\n', length), *path, *version, *query;
	size_t line = end ? (size_t)(end - head) : length, method_length, path_length, version_length;

	memset(request, 0, sizeof(*request));
	if (line && head[line - 1] == '\r')
		line--;
	method_length = word(head, line, &path, &path_length);
	path_length = word(path, path_length, &version, &version_length);
	if (!method_length || !path_length || path[0] != '/' || version_length != 8 ||
	    memcmp(version, "HTTP/1.", 7) != 0) {
		request->status = 400;
		return;
	}
	request->head = equals(head, method_length, "HEAD");
	if (!request->head && !equals(head, method_length, "GET")) {
		request->status = 405;
		return;
	}
	query = memchr(path, '?', path_length);
	if (query)
		path_length = (size_t)(query - path);
	if (path_length >= sizeof(request->path) || memchr(path, '\0', path_length)) {
		request->status = 404;
		return;
	}
	memcpy(request->path, path, path_length);
}

static const char *phrase(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 431:
		return "Request Header Fields Too Large";
	case 503:
		return "Service Unavailable";
	default:
		return "Internal Server Error";
	}
}

void cp_http_answer(struct evbuffer *answer, const struct cp_http_request *request, int status,
		    const char *type, const char *policy, struct evbuffer *body)
{
	evbuffer_add_printf(answer,
			    "HTTP/1.1 %d %s\r\n"
			    "Content-Type: %s\r\n"
			    "Content-Length: %zu\r\n"
			    "%s"
			    "Cache-Control: no-store\r\n"
			    "X-Content-Type-Options: nosniff\r\n"
			    "X-Frame-Options: DENY\r\n"
			    "Referrer-Policy: no-referrer\r\n"
			    "Content-Security-Policy: %s\r\n"
			    "Connection: close\r\n\r\n",
			    status, phrase(status), type, evbuffer_get_length(body),
			    status == 405 ? "Allow: GET, HEAD\r\n" : "", policy ? policy : "default-src 'none'");
	if (!request->head)
		evbuffer_add_buffer(answer, body);
}
