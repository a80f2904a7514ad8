// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// For tests of checks: servers on the loopback that answer well, badly or not at all, and a world whose one backend
// such a server is. Checks and servers run in one event loop.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "check/check.h"
#include "app_world.h"

// A server that sends `answer` once something came in, then `more` again and again, or never closes.
struct server {
	struct evconnlistener *listener;
	struct event_base *base;
	const char *answer; // NULL: accept only
	const char *more;
	bool hold; // the connection stays open
	unsigned accepted;
	char request[512];
	uint16_t port;
};

static void on_sent(struct bufferevent *io, void *context)
{
	const struct server *server = context;

	if (server->more)
		bufferevent_write(io, server->more, strlen(server->more));
	else if (!server->hold)
		bufferevent_free(io);
}

static void on_event(struct bufferevent *io, short what, void *context)
{
	bufferevent_free(io);
}

static void on_read(struct bufferevent *io, void *context)
{
	struct server *server = context;
	size_t length = bufferevent_read(io, server->request, sizeof(server->request) - 1);

	server->request[length] = '\0';
	bufferevent_setcb(io, NULL, on_sent, on_event, server); // earlier it would be called for nothing
	if (server->answer && *server->answer)
		bufferevent_write(io, server->answer, strlen(server->answer));
	else if (!server->hold)
		bufferevent_free(io);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size,
		      void *context)
{
	struct server *server = context;
	struct bufferevent *io = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);

	server->accepted++;
	bufferevent_setcb(io, on_read, NULL, on_event, server);
	bufferevent_enable(io, EV_READ | EV_WRITE);
}

static inline void serve(struct server *server, struct event_base *base, uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	server->base = base;
	server->listener =
		evconnlistener_new_bind(base, on_accept, server, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE,
					16, (struct sockaddr *)&address, sizeof(address));
	app_must(server->listener != NULL, "listener");
	getsockname(evconnlistener_get_fd(server->listener), (struct sockaddr *)&address, &size);
	server->port = ntohs(address.sin_port);
}

// A world whose one backend is `server`. `health` is its health group, by default each 400 ms, so that a machine
// that stands still for a moment is no dead server. The file's rules know that the loopback is no backend; here it is
// the only one.
static inline struct app_world *world_of(struct server *server, const char *health)
{
	struct app_world *world =
		app_world(APP_PORTS "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80;"
				    "  health = { type = \"none\"; }; backends = ("
				    "  { name = \"a\"; address = \"10.10.0.11\"; } ); } );");
	struct cp_config *config;

	serve(server, world->app.base, 0);
	config = config_from(APP_PORTS "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80;"
				       "  health = { %s %s };"
				       "  backends = ( { name = \"a\"; address = \"10.10.0.11\"; } ); } );",
			     strstr(health, "interval_ms") ? "" : "interval_ms = 400; timeout_ms = 400;", health);
	config->services[0].backends[0].address = htonl(INADDR_LOOPBACK);
	config->services[0].backends[0].port = server->port;
	app_config(world, config);
	world->app.states.items[0].healthy = false;
	world->app.checks = cp_checks_create(&world->app);
	cp_checks_apply(world->app.checks);
	return world;
}

static inline void world_end(struct app_world *world, struct server *server)
{
	cp_checks_destroy(world->app.checks);
	if (server->listener)
		evconnlistener_free(server->listener);
	// Connections that a server still holds see the end of the checks.
	event_base_loop(world->app.base, EVLOOP_NONBLOCK);
	app_free(world);
}

static inline struct cp_check_view view_of(const struct app_world *world)
{
	struct cp_check_view view;

	CU_ASSERT_TRUE(cp_checks_view(world->app.checks, "web", "a", &view));
	return view;
}

static inline void run_ms(struct app_world *world, unsigned ms)
{
	const struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_base_loopexit(world->app.base, &time);
	event_base_dispatch(world->app.base);
}

// Run until `probes` have ended, at most ten seconds.
static inline void run_probes(struct app_world *world, uint64_t probes)
{
	uint64_t until = view_of(world).probes + probes;

	for (int i = 0; i < 2000 && view_of(world).probes < until; i++)
		run_ms(world, 5);
	CU_ASSERT_TRUE(view_of(world).probes >= until);
}
