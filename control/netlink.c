// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "guard.h"
#include "log.h"
#include "topology_kernel.h"
#include "xdp.h"

#define SETTLE_MS 50	   // changes come in groups
#define ROUTES_GAP_MS 1000 // a routing daemon that fills its table must not keep poised busy
#define TICK_MS 1000
#define CONFIRM_TICKS 30 // next hops that only we use would grow stale unnoticed

struct cp_netlink {
	struct cp_app *app;
	struct mnl_socket *socket;
	struct event *readable;
	struct event *settled; // one shot: read again what is dirty
	struct event *tick;
	struct cp_kernel_view view;
	bool links_dirty, routes_dirty, neighbors_dirty;
	bool addresses_dirty; // the guard's business
	uint32_t ticks;
	uint32_t routes_tick; // when routes were read last
	uint32_t dropped;     // routes that did not fit
};

static void arm(struct event *event, unsigned int ms)
{
	const struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (!event_pending(event, EV_TIMEOUT, NULL))
		event_add(event, &delay);
}

static int read_view(struct cp_netlink *netlink, const struct cp_config *config)
{
	int error = 0;

	if (netlink->links_dirty)
		error = cp_kernel_read_links(config, &netlink->view);
	if (!error && netlink->routes_dirty)
		error = cp_kernel_read_routes(&netlink->view);
	if (!error && netlink->neighbors_dirty)
		error = cp_kernel_read_neighbors(&netlink->view);
	if (error)
		return error;
	if (netlink->routes_dirty)
		netlink->routes_tick = netlink->ticks;
	netlink->links_dirty = netlink->routes_dirty = netlink->neighbors_dirty = false;
	return 0;
}

int cp_netlink_topology(struct cp_netlink *netlink, const struct cp_config *config,
			struct cp_topology *topology)
{
	uint32_t dropped = 0;
	int error;

	netlink->links_dirty = netlink->routes_dirty = netlink->neighbors_dirty = true;
	error = read_view(netlink, config);
	if (!error)
		error = cp_topology_kernel(config, &netlink->view, topology, &dropped);
	return error;
}

void cp_netlink_solicit(struct cp_netlink *netlink)
{
	const struct cp_topology *topology = &netlink->app->topology;
	bool confirm = netlink->ticks % CONFIRM_TICKS == 0;

	for (uint32_t i = 0; i < topology->hops_count; i++) {
		const struct cp_next_hop *hop = &topology->hops[i];

		if (hop->fixed)
			continue;
		if ((!hop->known || confirm) && netlink->view.links[hop->port].up)
			cp_kernel_solicit(topology->links[hop->port].ifindex, hop->address);
	}
}

static void tell_dropped(struct cp_netlink *netlink, uint32_t dropped)
{
	if (dropped && dropped != netlink->dropped)
		cp_log(CP_LOG_WARNING, "routes-dropped",
		       "%u routes do not fit; clients behind them are answered by the way they came", dropped);
	netlink->dropped = dropped;
}

static void on_settled(evutil_socket_t fd, short what, void *context)
{
	struct cp_netlink *netlink = context;
	struct cp_app *app = netlink->app;
	struct cp_link links[POISE_MAX_PORTS];
	struct cp_topology topology;
	uint32_t dropped = 0;
	int error;

	memcpy(links, app->topology.links, sizeof(links));
	error = read_view(netlink, app->config);
	if (!error)
		error = cp_topology_kernel(app->config, &netlink->view, &topology, &dropped);
	if (error) {
		cp_log(CP_LOG_WARNING, "netlink", "links, routes and neighbours cannot be read: %s",
		       strerror(-error));
		arm(netlink->settled, ROUTES_GAP_MS);
		return;
	}
	tell_dropped(netlink, dropped);
	if (cp_topology_same(&topology, &app->topology)) {
		cp_topology_fini(&topology);
		return;
	}
	cp_topology_fini(&app->topology);
	app->topology = topology;
	cp_netlink_solicit(netlink);
	if (memcmp(links, topology.links, sizeof(links)) && app->xdp)
		cp_xdp_links_changed(app->xdp);
	cp_changed(app);
}

static bool is_hop(const struct cp_topology *topology, uint32_t address)
{
	for (uint32_t i = 0; i < topology->hops_count; i++)
		if (topology->hops[i].address == address)
			return true;
	return false;
}

// Clients come and go in the neighbour table all the time; only next hops matter.
static bool neighbor_matters(const struct cp_netlink *netlink, const struct nlmsghdr *header)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, header, sizeof(struct ndmsg))
		if (mnl_attr_get_type(attribute) == NDA_DST && mnl_attr_get_payload_len(attribute) == 4)
			return is_hop(&netlink->app->topology, mnl_attr_get_u32(attribute));
	return false;
}

static int on_message(const struct nlmsghdr *header, void *context)
{
	struct cp_netlink *netlink = context;

	switch (header->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK: // an interface that comes back brings other routes and neighbours
		netlink->links_dirty = netlink->routes_dirty = netlink->neighbors_dirty = true;
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		netlink->routes_dirty = true;
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		netlink->addresses_dirty = true;
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		netlink->neighbors_dirty |= neighbor_matters(netlink, header);
		break;
	}
	return MNL_CB_OK;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct cp_netlink *netlink = context;
	char buffer[16384];

	for (int turn = 0; turn < 64; turn++) {
		ssize_t got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

		if (got < 0 && errno == ENOBUFS) { // notifications were lost
			netlink->links_dirty = netlink->routes_dirty = netlink->neighbors_dirty = true;
			continue;
		}
		if (got <= 0)
			break;
		mnl_cb_run(buffer, (size_t)got, 0, 0, on_message, netlink);
	}
	if (netlink->addresses_dirty)
		cp_guard_look(netlink->app->guard);
	netlink->addresses_dirty = false;
	if (netlink->links_dirty || netlink->neighbors_dirty ||
	    (netlink->routes_dirty && netlink->routes_tick != netlink->ticks))
		arm(netlink->settled, SETTLE_MS);
	else if (netlink->routes_dirty)
		arm(netlink->settled, ROUTES_GAP_MS);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct cp_netlink *netlink = context;

	netlink->ticks++;
	cp_netlink_solicit(netlink);
	cp_guard_look(netlink->app->guard); // whether the kernel forwards is told by nobody
}

static int subscribe(struct cp_netlink *netlink)
{
	const unsigned int groups[] = {RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_IFADDR};

	netlink->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!netlink->socket || mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	for (size_t i = 0; i < POISE_COUNT(groups); i++)
		if (mnl_socket_setsockopt(netlink->socket, NETLINK_ADD_MEMBERSHIP, (void *)&groups[i],
					  sizeof(groups[i])))
			return -errno;
	return 0;
}

static int start(struct cp_netlink *netlink)
{
	const struct timeval second = {.tv_usec = TICK_MS % 1000 * 1000, .tv_sec = TICK_MS / 1000};
	struct cp_app *app = netlink->app;
	int error = subscribe(netlink); // before reading, so that no change falls between

	if (error)
		return error;
	netlink->readable = event_new(app->base, mnl_socket_get_fd(netlink->socket), EV_READ | EV_PERSIST,
				      on_readable, netlink);
	netlink->settled = event_new(app->base, -1, 0, on_settled, netlink);
	netlink->tick = event_new(app->base, -1, EV_PERSIST, on_tick, netlink);
	if (!netlink->readable || !netlink->settled || !netlink->tick)
		return -ENOMEM;
	error = cp_netlink_topology(netlink, app->config, &app->topology);
	if (error)
		return error;
	event_add(netlink->readable, NULL);
	event_add(netlink->tick, &second);
	cp_netlink_solicit(netlink);
	return 0;
}

struct cp_netlink *cp_netlink_create(struct cp_app *app)
{
	struct cp_netlink *netlink = calloc(1, sizeof(*netlink));
	int error;

	if (!netlink)
		return NULL;
	netlink->app = app;
	error = start(netlink);
	if (error) {
		cp_log(CP_LOG_ERROR, "netlink", "links, routes and neighbours cannot be followed: %s",
		       strerror(-error));
		cp_netlink_destroy(netlink);
		return NULL;
	}
	return netlink;
}

void cp_netlink_destroy(struct cp_netlink *netlink)
{
	if (!netlink)
		return;
	if (netlink->readable)
		event_free(netlink->readable);
	if (netlink->settled)
		event_free(netlink->settled);
	if (netlink->tick)
		event_free(netlink->tick);
	if (netlink->socket)
		mnl_socket_close(netlink->socket);
	cp_kernel_view_fini(&netlink->view);
	free(netlink);
}
