// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See port.h.
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "rss.h"
#include "worker.h"

#define DP_RING_SIZE 1024u // descriptors, where the device has no wish of its own
#define DP_CACHE 256u	   // packet buffers that an lcore keeps at hand

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static int look_up(const struct dp_port *port, const char *device, uint16_t *id, struct rte_eth_dev_info *info,
		   struct dp_error *error)
{
	int code;

	if (rte_eth_dev_get_port_by_name(device, id))
		return dp_fail(error, -ENODEV, "port %s: device %s does not exist (EAL was not given it, or it failed)",
			       port->name, device);
	code = rte_eth_dev_info_get(*id, info);
	if (code)
		return dp_fail(error, code, "port %s: device %s tells nothing about itself: %s", port->name,
			       device, strerror(-code));
	return 0;
}

// Which devices make up the port: queue k is queue k of `device` if it has so many, else the first of `device_k`.
static int find_devices(struct dp_port *port, const struct poise_port *wanted, struct dp_error *error)
{
	struct rte_eth_dev_info info;
	uint32_t queues = wanted->queues;
	int code = look_up(port, wanted->device, &port->devices[0], &info, error);

	if (code)
		return code;
	port->devices_count = 1;
	rte_eth_macaddr_get(port->devices[0], (struct rte_ether_addr *)port->mac);
	for (uint32_t queue = 0; queue < queues; queue++)
		port->receive[queue] = (struct dp_queue){ port->devices[0], (uint16_t)queue };
	port->receive_count = queues;
	if (info.max_rx_queues >= queues)
		return 0;
	for (uint32_t queue = 1; queue < queues; queue++) {
		char device[POISE_DEVICE_SIZE + 16];

		snprintf(device, sizeof(device), "%s_%u", wanted->device, queue);
		code = look_up(port, device, &port->devices[queue], &info, error);
		if (code)
			return code;
		port->receive[queue] = (struct dp_queue){ port->devices[queue], 0 };
		port->devices_count++;
	}
	return 0;
}

static uint16_t receive_queues(const struct dp_port *port)
{
	return (uint16_t)(port->devices_count == 1 ? port->receive_count : 1);
}

// Transmit queues of one device, so that all devices of the port together have one for each worker if they can.
static uint16_t transmit_queues(const struct dp_port *port, uint16_t offered, uint32_t workers)
{
	uint32_t wanted = (workers + port->devices_count - 1) / port->devices_count;

	// A device that makes queues in pairs gets as many of the one as of the other.
	if (wanted < receive_queues(port))
		wanted = receive_queues(port);
	wanted = smaller(wanted, offered);
	return (uint16_t)(wanted ? wanted : 1);
}

// Entry n for worker n: first queue of each device, then second, so that worker n sends by the device that
// it receives from.
static void deal_transmit(struct dp_port *port, const uint16_t *queues, uint32_t workers)
{
	port->transmit_count = 0;
	for (uint16_t queue = 0; queue < POISE_MAX_WORKERS; queue++)
		for (uint32_t n = 0; n < port->devices_count; n++)
			if (queue < queues[n] && port->transmit_count < workers)
				port->transmit[port->transmit_count++] =
					(struct dp_queue){ port->devices[n], queue };
}

static void ring_sizes(const struct rte_eth_dev_info *info, uint16_t *receive, uint16_t *transmit)
{
	*receive = info->default_rxportconf.ring_size ? info->default_rxportconf.ring_size : DP_RING_SIZE;
	*transmit = info->default_txportconf.ring_size ? info->default_txportconf.ring_size : DP_RING_SIZE;
}

// Buffers that the devices may hold at once.
static uint32_t device_need(const struct dp_port *port, uint32_t workers)
{
	uint32_t need = 0;

	for (uint32_t n = 0; n < port->devices_count; n++) {
		struct rte_eth_dev_info info;
		uint16_t receive, transmit;

		if (rte_eth_dev_info_get(port->devices[n], &info))
			continue;
		ring_sizes(&info, &receive, &transmit);
		// AF_XDP fills a ring of its own beside the receive ring.
		if (info.driver_name && !strcmp(info.driver_name, "net_af_xdp"))
			need += 2u * 4096u;
		need += receive * (uint32_t)receive_queues(port) +
			transmit * (uint32_t)transmit_queues(port, info.max_tx_queues, workers);
	}
	return need;
}

static int make_pool(struct dp_ports *ports, uint32_t workers, uint32_t mbufs, uint32_t in_rings,
		     struct dp_error *error)
{
	if (!mbufs) {
		mbufs = 1024 + in_rings + (workers + 1) * (2 * DP_CACHE + (ports->count + 2) * DP_BURST);
		for (uint32_t p = 0; p < ports->count; p++)
			mbufs += device_need(&ports->ports[p], workers);
	}
	ports->pool = rte_pktmbuf_pool_create("poise", mbufs, smaller(DP_CACHE, mbufs / 4), 0,
					      RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!ports->pool)
		return dp_fail(error, -ENOMEM,
			       "no memory for %u packet buffers (%u MB at least); see -m and --mbufs", mbufs,
			       mbufs / 400);
	return 0;
}

static int check_chunks(const struct dp_ports *ports, const struct rte_eth_dev_info *info,
			const struct dp_port *port, struct dp_error *error)
{
	// The driver takes the pool for one piece of memory.
	if (!info->driver_name || strcmp(info->driver_name, "net_af_xdp") || ports->pool->nb_mem_chunks == 1)
		return 0;
	return dp_fail(error, -EINVAL, "port %s: packet buffers lie in %u pieces; give EAL --iova-mode=va",
		       port->name, ports->pool->nb_mem_chunks);
}

static int set_up_queues(const struct dp_ports *ports, uint16_t device, const struct rte_eth_dev_info *info,
			 uint16_t receive, uint16_t transmit)
{
	unsigned int socket = rte_eth_dev_socket_id(device) < 0 ? 0 : (unsigned int)rte_eth_dev_socket_id(device);
	uint16_t receive_size, transmit_size;
	int code;

	ring_sizes(info, &receive_size, &transmit_size);
	code = rte_eth_dev_adjust_nb_rx_tx_desc(device, &receive_size, &transmit_size);
	for (uint16_t queue = 0; !code && queue < receive; queue++)
		code = rte_eth_rx_queue_setup(device, queue, receive_size, socket, NULL, ports->pool);
	for (uint16_t queue = 0; !code && queue < transmit; queue++)
		code = rte_eth_tx_queue_setup(device, queue, transmit_size, socket, NULL);
	return code;
}

static int start_device(const struct dp_ports *ports, const struct dp_port *port, uint32_t n,
			const struct dp_workers *workers, uint16_t *transmit, struct dp_error *error)
{
	struct rte_eth_conf configuration = { 0 }; // no offloads: what arrives damaged leaves damaged
	uint16_t device = port->devices[n], receive = receive_queues(port);
	char name[RTE_ETH_NAME_MAX_LEN] = "?";
	struct rte_eth_dev_info info;
	struct dp_rss rss;
	int code;

	rte_eth_dev_get_name_by_port(device, name);
	code = rte_eth_dev_info_get(device, &info);
	if (!code)
		code = check_chunks(ports, &info, port, error);
	if (code)
		return code;
	*transmit = transmit_queues(port, info.max_tx_queues, workers->count);
	dp_rss_plan(&rss, &info, receive, port->replies, &configuration);
	code = rte_eth_dev_configure(device, receive, *transmit, &configuration);
	if (!code)
		code = set_up_queues(ports, device, &info, receive, *transmit);
	if (!code)
		code = rte_eth_dev_start(device);
	if (code)
		return dp_fail(error, code, "port %s: device %s cannot be started: %s", port->name, name,
			       strerror(code < 0 ? -code : code));
	if (dp_rss_apply(&rss, device, &info, receive, workers->owners, workers->count))
		dp_log("port %s: replies of full NAT arrive at their owners", port->name);
	rte_eth_promiscuous_enable(device); // virtual devices may not know it, and need not
	return 0;
}

static int start_port(const struct dp_ports *ports, struct dp_port *port, const struct dp_workers *workers,
		      struct dp_error *error)
{
	uint16_t transmit[POISE_MAX_QUEUES];
	int code = 0;

	for (uint32_t n = 0; !code && n < port->devices_count; n++)
		code = start_device(ports, port, n, workers, &transmit[n], error);
	if (!code)
		deal_transmit(port, transmit, workers->count);
	return code;
}

int dp_ports_start(struct dp_ports *ports, const struct poise_snapshot *snapshot, const struct dp_workers *workers,
		   uint32_t mbufs, uint32_t in_rings, struct dp_error *error)
{
	int code;

	memset(ports, 0, sizeof(*ports));
	for (uint32_t p = 0; p < snapshot->ports_count; p++) {
		memcpy(ports->names[p], snapshot->ports[p].name, POISE_NAME_SIZE);
		ports->ports[p].name = ports->names[p];
		ports->ports[p].replies = snapshot->ports[p].snat_count > 0;
		code = find_devices(&ports->ports[p], &snapshot->ports[p], error);
		if (code)
			return code;
		ports->count++;
	}
	code = make_pool(ports, workers->count, mbufs, in_rings, error);
	for (uint32_t p = 0; !code && p < ports->count; p++)
		code = start_port(ports, &ports->ports[p], workers, error);
	return code;
}

void dp_ports_stop(struct dp_ports *ports)
{
	for (uint32_t p = 0; p < ports->count; p++) {
		for (uint32_t n = 0; n < ports->ports[p].devices_count; n++) {
			rte_eth_dev_stop(ports->ports[p].devices[n]);
			rte_eth_dev_close(ports->ports[p].devices[n]);
		}
	}
	ports->count = 0;
}
