// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The HTTP server for monitoring: reads, never changes.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "metrics.h"
#include "metrics_http.h"
#include "page_cache.h"
#include "socket_address.h"
#include "stream.h"

#define CLIENTS_MAX 32
#define DEADLINE_MS 5000
#define UNREAD_MAX (32u << 20)
#define TEXT_PLAIN "text/plain; charset=utf-8"
#define TEXT_METRICS "text/plain; version=0.0.4; charset=utf-8"

struct cp_metrics {
	struct cp_app *app;
	struct cp_stream *stream;
	struct cp_monotone monotone;
	struct cp_page_cache cache;
};

int cp_metrics_write(const struct cp_app *app, struct cp_monotone *monotone, struct evbuffer *out)
{
	struct cp_view view;
	int error = cp_view_make(app, &view);

	if (!error)
		error = cp_monotone_apply(monotone, &view);
	if (!error) {
		cp_metrics_process(app, out);
		cp_metrics_packets(app, out);
		cp_metrics_sync(app, out);
		cp_metrics_states(app, &view, out);
		cp_metrics_backends(&view, out);
	}
	cp_view_fini(&view);
	return error;
}

static int ready_page(const struct cp_app *app, struct evbuffer *body)
{
	const char *why;

	if (cp_view_ready(app, &why)) {
		evbuffer_add_printf(body, "ready\n");
		return 200;
	}
	evbuffer_add_printf(body, "not ready: %s\n", why);
	return 503;
}

// Fills the body; returns the status.
static int make(struct cp_metrics *metrics, const char *path, struct evbuffer *body, struct cp_page *page)
{
	struct cp_app *app = metrics->app;
	int status;

	if (strcmp(path, "/metrics") == 0) {
		page->type = TEXT_METRICS;
		return cp_metrics_write(app, &metrics->monotone, body) ? 500 : 200;
	}
	if (strcmp(path, "/healthz") == 0) {
		evbuffer_add_printf(body, "alive\n");
		return 200;
	}
	if (strcmp(path, "/readyz") == 0)
		return ready_page(app, body);
	status = cp_page(app, path, body, page);
	if (status)
		return status;
	evbuffer_add_printf(body, "not found; there are /, /metrics, /healthz, /readyz and /api/overview.json\n");
	return 404;
}

static int answer_to(struct cp_metrics *metrics, const char *path, struct evbuffer *body, struct cp_page *page)
{
	uint64_t began_ns = cp_view_now_ns();
	int status;

	if (cp_page_cache_get(&metrics->cache, path, began_ns, body, page))
		return 200;
	status = make(metrics, path, body, page);
	// Whether it is ready is asked by what waits for it, and costs nothing to say.
	if (status == 200 && strcmp(path, "/readyz") != 0)
		cp_page_cache_put(&metrics->cache, path, began_ns, cp_view_now_ns(), body, page);
	return status;
}

static void on_request(void *context, struct cp_stream_client *client, const char *text, size_t length,
		       bool whole)
{
	struct cp_metrics *metrics = context;
	struct evbuffer *answer = evbuffer_new(), *body = evbuffer_new();
	struct cp_http_request request;
	struct cp_page page = {.type = TEXT_PLAIN};
	int status;

	cp_http_parse(&request, text, length);
	if (!whole)
		request.status = length >= CP_HTTP_HEAD_MAX ? 431 : 400;
	status = request.status;
	if (answer && body) {
		if (!status)
			status = answer_to(metrics, request.path, body, &page);
		else
			evbuffer_add_printf(body, "refused\n");
		cp_http_answer(answer, &request, status, page.type, page.policy, body);
	}
	cp_stream_answer(client, answer);
	if (answer)
		evbuffer_free(answer);
	if (body)
		evbuffer_free(body);
}

static const struct cp_stream_ops ops = {
	.clients_max = CLIENTS_MAX,
	.request_max = CP_HTTP_HEAD_MAX,
	.deadline_ms = DEADLINE_MS,
	.unread_max = UNREAD_MAX,
	.complete = cp_http_complete,
	.request = on_request,
};

static int listen_at(const char *host, uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t size;
	int fd, on = 1, error;

	if (cp_socket_address(host, port, &address, &size))
		return -EINVAL;
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	// A short queue would drop the SYN of somebody who then waits for a second.
	if (bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

struct cp_metrics *cp_metrics_create(struct cp_app *app)
{
	const char *host = app->config->metrics_address;
	struct cp_metrics *metrics = calloc(1, sizeof(*metrics));
	int fd = metrics ? listen_at(host, app->config->metrics_port) : -ENOMEM;

	if (metrics && fd >= 0) {
		metrics->app = app;
		metrics->stream = cp_stream_create(app->base, fd, &ops, metrics);
		if (metrics->stream)
			return metrics;
		fd = -ENOMEM;
	}
	cp_log(CP_LOG_ERROR, "metrics-listen", "metrics: cannot listen on %s port %u: %s", host,
	       app->config->metrics_port, strerror(-fd));
	free(metrics);
	return NULL;
}

void cp_metrics_destroy(struct cp_metrics *metrics)
{
	if (!metrics)
		return;
	cp_stream_destroy(metrics->stream);
	cp_monotone_fini(&metrics->monotone);
	cp_page_cache_fini(&metrics->cache);
	free(metrics);
}
