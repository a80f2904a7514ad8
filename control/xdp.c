// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "xdp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <poise/xdp.h>

#include "log.h"
#include "places.h"
#include "spawn_dataplane.h"
#include "view.h"
#include "xdp_port.h"
#include "xdp_signal.h"
#include "xdp_stats.h"

struct cp_xdp {
	struct cp_app *app;
	char object[4096];
	struct cp_xdp_port ports[POISE_MAX_PORTS];
	uint32_t ports_count;
	struct poise_snapshot *halves; // two of them, the map's memory
	struct poise_xdp_state *state;
	struct cp_xdp_stats stats;
	struct event *watch_over; // nobody has asked again for packets to be recorded
	bool adopted; // an earlier poised's program was there
};

static size_t whole_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

static void *map_pinned(const char *pins, const char *name, size_t bytes)
{
	char path[600];
	void *memory;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", pins, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return NULL;
	memory = mmap(NULL, whole_pages(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

static int attach_port(struct cp_xdp *xdp, uint32_t index)
{
	const struct cp_port *port = &xdp->app->config->ports[index];
	char why[512] = "";
	int error = cp_xdp_port_attach(&xdp->ports[index], index, xdp->object, xdp->app->pins, xdp->app->flows.fd,
				       port->interface, xdp->app->topology.links[index].ifindex, why,
				       sizeof(why));

	if (error)
		cp_log(CP_LOG_ERROR, "xdp-attach", "mode %s needs XDP: %s; poised --doctor tells more",
		       cp_nic_mode_name(xdp->app->config->dataplane.mode), why);
	return error;
}

// Of no use where only the XDP program carries packets: nobody beats there.
static void watch_signals(const struct cp_app *app)
{
	char why[512] = "";

	if (app->config->dataplane.mode == CP_NIC_AF_XDP &&
	    cp_xdp_signal_attach(app->pins, app->flows.fd, why, sizeof(why)))
		cp_log(CP_LOG_INFO, "xdp-signal",
		       "that the dataplane is killed is seen by its heartbeat alone, within fallback.heartbeat_ms: %s",
		       why);
}

// A native program cannot send to an interface whose driver knows no XDP: the frames would be lost without a sign. A
// generic one can send to any. So when one interface has to be generic, all are.
static int attach_alike(struct cp_xdp *xdp)
{
	const char *reason = NULL;
	int error = 0;

	for (uint32_t i = 0; i < xdp->ports_count; i++)
		if (xdp->ports[i].generic)
			reason = xdp->ports[i].interface;
	for (uint32_t i = 0; reason && !error && i < xdp->ports_count; i++) {
		struct cp_xdp_port *port = &xdp->ports[i];

		if (port->generic || !port->ifindex)
			continue;
		cp_log(CP_LOG_WARNING, "xdp-generic", "interface \"%s\" gets generic mode too, since \"%s\" has no "
		       "native XDP to send to", port->interface, reason);
		cp_xdp_port_detach(port, xdp->app->pins, true);
		port->generic = true;
		error = attach_port(xdp, i);
	}
	return error;
}

static int start(struct cp_xdp *xdp)
{
	struct cp_app *app = xdp->app;
	struct timespec tick;

	if (cp_place_find(CP_PLACE_XDP_OBJECT, xdp->object, sizeof(xdp->object))) {
		cp_log(CP_LOG_ERROR, "xdp-object", "the XDP program is needed, there is no %s",
		       xdp->object);
		return -ENOENT;
	}
	for (uint32_t i = 0; i < app->config->ports_count; i++) {
		int error = attach_port(xdp, i);

		if (error)
			return error;
		xdp->ports_count++;
	}
	if (attach_alike(xdp))
		return -EIO;
	cp_xdp_detach_others(app->pins, xdp->ports, xdp->ports_count);
	cp_xdp_forget_former(app->pins);
	xdp->halves = map_pinned(app->pins, "poise_snapshots", 2 * sizeof(*xdp->halves));
	xdp->state = map_pinned(app->pins, "poise_state", sizeof(*xdp->state));
	if (!xdp->halves || !xdp->state) {
		cp_log(CP_LOG_ERROR, "xdp-maps", "the maps of the XDP program cannot be mapped");
		return -EIO;
	}
	if (!cp_xdp_stats_open(&xdp->stats, app->pins))
		app->dataplane.xdp = &xdp->stats;
	else
		cp_log(CP_LOG_WARNING, "xdp-maps", "what the XDP program carries is not counted: it is of another "
		       "build than poised, install both anew");
	POISE_STORE(xdp->state->watch_until_ms, 0); // whoever watched, an earlier poised served him
	if (!clock_getres(CLOCK_MONOTONIC_COARSE, &tick))
		POISE_STORE(xdp->state->coarse_ns, (uint64_t)tick.tv_sec * 1000000000u + (uint64_t)tick.tv_nsec);
	watch_signals(app);
	return 0;
}

void cp_xdp_watch(struct cp_xdp *xdp, uint64_t until_ns)
{
	uint64_t now_ns = cp_view_now_ns(), left_ms = until_ns > now_ns ? (until_ns - now_ns) / 1000000 + 1 : 0;
	const struct timeval left = {.tv_sec = (time_t)(left_ms / 1000),
				     .tv_usec = (suseconds_t)(left_ms % 1000 * 1000)};
	uint32_t until_ms = (uint32_t)(until_ns / 1000000);

	if (!xdp || !xdp->state)
		return;
	event_del(xdp->watch_over);
	if (left_ms)
		event_add(xdp->watch_over, &left);
	POISE_STORE(xdp->state->watch_until_ms, !left_ms ? 0 : until_ms ? until_ms : 1); // 0 is nobody
}

// The program compares 32 bits of the time: what is over must not come again after their next wrap.
static void on_watch_over(evutil_socket_t fd, short what, void *context)
{
	cp_xdp_watch(context, 0);
}

struct cp_xdp *cp_xdp_create(struct cp_app *app)
{
	struct cp_xdp *xdp = calloc(1, sizeof(*xdp));
	char path[600];

	if (!xdp)
		return NULL;
	xdp->app = app;
	xdp->stats.counters = xdp->stats.backends = xdp->stats.services = -1;
	xdp->watch_over = event_new(app->base, -1, 0, on_watch_over, xdp);
	for (uint32_t i = 0; i < POISE_MAX_PORTS; i++)
		xdp->ports[i].link = -1;
	snprintf(path, sizeof(path), "%s/poise_state", app->pins);
	xdp->adopted = !access(path, F_OK);
	if (!xdp->watch_over || start(xdp)) {
		cp_xdp_destroy(xdp, !xdp->adopted);
		return NULL;
	}
	return xdp;
}

void cp_xdp_destroy(struct cp_xdp *xdp, bool remove)
{
	if (!xdp)
		return;
	xdp->app->dataplane.xdp = NULL;
	if (xdp->watch_over)
		event_free(xdp->watch_over);
	cp_xdp_stats_close(&xdp->stats);
	if (xdp->state)
		munmap(xdp->state, whole_pages(sizeof(*xdp->state)));
	if (xdp->halves)
		munmap(xdp->halves, whole_pages(2 * sizeof(*xdp->halves)));
	for (uint32_t i = 0; i < POISE_MAX_PORTS; i++)
		if (xdp->ports[i].interface[0])
			cp_xdp_port_detach(&xdp->ports[i], xdp->app->pins, remove);
	if (remove)
		cp_xdp_unpin_shared(xdp->app->pins);
	free(xdp);
}

void cp_xdp_detach(struct cp_xdp *xdp)
{
	for (uint32_t i = 0; i < xdp->ports_count; i++)
		cp_xdp_port_detach(&xdp->ports[i], xdp->app->pins, true);
}

void cp_xdp_publish(struct cp_xdp *xdp, const struct poise_snapshot *snapshot)
{
	uint32_t half = !(xdp->state->active & 1);

	// Nobody has read this half since the flip before; a program run lasts microseconds.
	memcpy(&xdp->halves[half], snapshot, sizeof(*snapshot));
	POISE_STORE_RELEASE(xdp->state->active, half);
	POISE_STORE_RELEASE(xdp->state->published, 1u);
}

uint64_t cp_xdp_generation(const struct cp_xdp *xdp)
{
	if (!xdp || !xdp->state || !POISE_LOAD_ACQUIRE(xdp->state->published))
		return 0;
	return xdp->halves[xdp->state->active & 1].generation;
}

void cp_xdp_links_changed(struct cp_xdp *xdp)
{
	const struct cp_topology *topology = &xdp->app->topology;
	bool again = false;

	for (uint32_t i = 0; i < xdp->ports_count; i++) {
		struct cp_xdp_port *port = &xdp->ports[i];
		uint32_t ifindex = topology->links[i].ifindex;

		if (ifindex == port->ifindex)
			continue;
		cp_log(CP_LOG_WARNING, ifindex ? "interface-new" : "interface-gone", "interface \"%s\" %s",
		       port->interface, ifindex ? "was made anew" : "is gone");
		cp_xdp_port_detach(port, xdp->app->pins, true);
		if (ifindex)
			again |= !attach_port(xdp, i) && !attach_alike(xdp);
	}
	if (again)
		cp_spawn_again(xdp->app->spawn, "an interface was made anew", false);
}
