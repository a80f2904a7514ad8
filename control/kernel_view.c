// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "kernel_view.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUFFER_SIZE 32768

struct reader {
	const struct cp_config *config;
	struct cp_kernel_view *view; // links are read from here
	void *items;
	uint32_t count;
	uint32_t room;
	bool no_memory;
};

static void *append(struct reader *reader, size_t size)
{
	if (reader->count == reader->room) {
		uint32_t room = reader->room ? reader->room * 2 : 64;
		void *items = reallocarray(reader->items, room, size);

		if (!items) {
			reader->no_memory = true;
			return NULL;
		}
		reader->items = items;
		reader->room = room;
	}
	return memset((char *)reader->items + reader->count++ * size, 0, size);
}

static int port_of(const struct reader *reader, uint32_t ifindex)
{
	for (int i = 0; ifindex && i < (int)POISE_MAX_PORTS; i++)
		if (reader->view->links[i].ifindex == ifindex)
			return i;
	return -1;
}

static int read_link(const struct nlmsghdr *header, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(header);
	struct reader *reader = data;
	const uint8_t *mac = NULL;
	const char *name = NULL;
	const struct nlattr *attribute;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*info))
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, header, sizeof(*info)) {
		if (mnl_attr_get_type(attribute) == IFLA_IFNAME &&
		    !mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING))
			name = mnl_attr_get_str(attribute);
		else if (mnl_attr_get_type(attribute) == IFLA_ADDRESS &&
			 mnl_attr_get_payload_len(attribute) == 6)
			mac = mnl_attr_get_payload(attribute);
	}
	for (uint32_t i = 0; name && mac && i < reader->config->ports_count; i++) {
		struct cp_kernel_link *link = (struct cp_kernel_link *)reader->items + i;

		if (strcmp(name, reader->config->ports[i].interface))
			continue;
		link->ifindex = (uint32_t)info->ifi_index;
		link->up = info->ifi_flags & IFF_UP && info->ifi_flags & IFF_RUNNING;
		memcpy(link->mac, mac, 6);
	}
	return MNL_CB_OK;
}

static int read_neighbor(const struct nlmsghdr *header, void *data)
{
	const uint16_t good = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT;
	const struct ndmsg *info = mnl_nlmsg_get_payload(header);
	const struct nlattr *attribute, *address = NULL, *mac = NULL;
	struct cp_kernel_neighbor *neighbor;
	struct reader *reader = data;
	int port;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*info) || info->ndm_family != AF_INET)
		return MNL_CB_OK;
	port = port_of(reader, (uint32_t)info->ndm_ifindex);
	if (port < 0)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, header, sizeof(*info)) {
		if (mnl_attr_get_type(attribute) == NDA_DST && mnl_attr_get_payload_len(attribute) == 4)
			address = attribute;
		else if (mnl_attr_get_type(attribute) == NDA_LLADDR &&
			 mnl_attr_get_payload_len(attribute) == 6)
			mac = attribute;
	}
	if (!address)
		return MNL_CB_OK;
	neighbor = append(reader, sizeof(*neighbor));
	if (!neighbor)
		return MNL_CB_ERROR;
	neighbor->address = mnl_attr_get_u32(address);
	neighbor->port = (uint16_t)port;
	neighbor->valid = mac && info->ndm_state & good;
	if (mac)
		memcpy(neighbor->mac, mnl_attr_get_payload(mac), 6);
	return MNL_CB_OK;
}

// Of a route over several next hops the first that leaves by a port of ours is taken.
static void read_next_hops(const struct reader *reader, const struct nlattr *list, uint32_t *ifindex,
			   uint32_t *gateway)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(list);
	int left = mnl_attr_get_payload_len(list);

	while (left >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		if (port_of(reader, (uint32_t)hop->rtnh_ifindex) >= 0) {
			const struct nlattr *attr; // the name that libmnl's macro wants

			*ifindex = (uint32_t)hop->rtnh_ifindex;
			mnl_attr_for_each_payload((const void *)(hop + 1), hop->rtnh_len - sizeof(*hop)) {
				if (mnl_attr_get_type(attr) == RTA_GATEWAY &&
				    mnl_attr_get_payload_len(attr) == 4)
					*gateway = mnl_attr_get_u32(attr);
			}
			return;
		}
		left -= (int)NLMSG_ALIGN(hop->rtnh_len);
		hop = (const void *)((const char *)hop + NLMSG_ALIGN(hop->rtnh_len));
	}
}

static int read_route(const struct nlmsghdr *header, void *data)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(header);
	uint32_t prefix = 0, gateway = 0, ifindex = 0, metric = 0, table;
	const struct nlattr *attribute;
	struct cp_kernel_route *route;
	struct reader *reader = data;
	int port;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*info))
		return MNL_CB_OK;
	table = info->rtm_table;
	if (info->rtm_family != AF_INET || info->rtm_type != RTN_UNICAST || info->rtm_flags & RTM_F_CLONED)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, header, sizeof(*info)) {
		uint16_t type = mnl_attr_get_type(attribute);

		if (type == RTA_MULTIPATH)
			read_next_hops(reader, attribute, &ifindex, &gateway);
		if (mnl_attr_get_payload_len(attribute) != 4)
			continue;
		if (type == RTA_DST)
			prefix = mnl_attr_get_u32(attribute);
		else if (type == RTA_GATEWAY)
			gateway = mnl_attr_get_u32(attribute);
		else if (type == RTA_OIF)
			ifindex = mnl_attr_get_u32(attribute);
		else if (type == RTA_PRIORITY)
			metric = mnl_attr_get_u32(attribute);
		else if (type == RTA_TABLE)
			table = mnl_attr_get_u32(attribute);
	}
	port = port_of(reader, ifindex);
	if (port < 0 || table != RT_TABLE_MAIN)
		return MNL_CB_OK;
	route = append(reader, sizeof(*route));
	if (!route)
		return MNL_CB_ERROR;
	route->prefix = prefix;
	route->length = info->rtm_dst_len;
	route->gateway = gateway;
	route->metric = metric;
	route->port = (uint16_t)port;
	return MNL_CB_OK;
}

// A socket for one exchange: an answer that was not read to its end cannot get in the way of the next.
static struct mnl_socket *open_socket(void)
{
	const struct timeval patience = {.tv_sec = 2};
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	if (socket && (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) ||
		       setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
				  sizeof(patience)))) {
		mnl_socket_close(socket);
		return NULL;
	}
	return socket;
}

static int exchange(struct mnl_socket *socket, char *buffer, mnl_cb_t callback, struct reader *reader)
{
	struct nlmsghdr *header = (void *)buffer;
	int result;

	if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
		return -errno;
	do {
		ssize_t got = mnl_socket_recvfrom(socket, buffer, BUFFER_SIZE);

		if (got < 0)
			return -errno;
		result = mnl_cb_run(buffer, (size_t)got, 0, mnl_socket_get_portid(socket), callback, reader);
	} while (result > MNL_CB_STOP);
	if (result == MNL_CB_ERROR)
		return reader->no_memory ? -ENOMEM : errno ? -errno : -EIO;
	return 0;
}

// `payload` is the size of the request's own header, which always starts with the family.
static int dump(uint16_t type, size_t payload, uint8_t family, mnl_cb_t callback, struct reader *reader)
{
	char *buffer = malloc(BUFFER_SIZE);
	struct nlmsghdr *header;
	struct mnl_socket *socket;
	int error;

	if (!buffer)
		return -ENOMEM;
	socket = open_socket();
	if (!socket) {
		error = -errno;
		free(buffer);
		return error;
	}
	header = mnl_nlmsg_put_header(buffer);
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	*(uint8_t *)mnl_nlmsg_put_extra_header(header, payload) = family;
	error = exchange(socket, buffer, callback, reader);
	mnl_socket_close(socket);
	free(buffer);
	return error;
}

static int read_table(uint16_t type, size_t payload, mnl_cb_t callback, struct reader *reader)
{
	int error = -EINTR; // the table changed under the dump

	for (int attempt = 0; error == -EINTR && attempt < 5; attempt++) {
		free(reader->items);
		reader->items = NULL;
		reader->count = reader->room = 0;
		error = dump(type, payload, AF_INET, callback, reader);
	}
	return error;
}

int cp_kernel_read_links(const struct cp_config *config, struct cp_kernel_view *view)
{
	struct cp_kernel_link links[POISE_MAX_PORTS] = {0};
	struct reader reader = {.config = config, .view = view, .items = links};
	int error = dump(RTM_GETLINK, sizeof(struct ifinfomsg), AF_UNSPEC, read_link, &reader);

	if (!error)
		memcpy(view->links, links, sizeof(links));
	return error;
}

int cp_kernel_read_neighbors(struct cp_kernel_view *view)
{
	struct reader reader = {.view = view};
	int error = read_table(RTM_GETNEIGH, sizeof(struct ndmsg), read_neighbor, &reader);

	if (error) {
		free(reader.items);
		return error;
	}
	free(view->neighbors);
	view->neighbors = reader.items;
	view->neighbors_count = reader.count;
	return 0;
}

int cp_kernel_read_routes(struct cp_kernel_view *view)
{
	struct reader reader = {.view = view};
	int error = read_table(RTM_GETROUTE, sizeof(struct rtmsg), read_route, &reader);

	if (error) {
		free(reader.items);
		return error;
	}
	free(view->routes);
	view->routes = reader.items;
	view->routes_count = reader.count;
	return 0;
}

void cp_kernel_view_fini(struct cp_kernel_view *view)
{
	free(view->neighbors);
	free(view->routes);
	memset(view, 0, sizeof(*view));
}

int cp_kernel_solicit(uint32_t ifindex, uint32_t address)
{
	char buffer[256];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct mnl_socket *socket = open_socket();
	struct ndmsg *info;
	int error;

	if (!socket)
		return -errno;
	header->nlmsg_type = RTM_NEWNEIGH;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE;
	info = mnl_nlmsg_put_extra_header(header, sizeof(*info));
	info->ndm_family = AF_INET;
	info->ndm_ifindex = (int)ifindex;
	info->ndm_flags = NTF_USE; // as if a packet were to be sent there
	mnl_attr_put_u32(header, NDA_DST, address);
	error = mnl_socket_sendto(socket, header, header->nlmsg_len) < 0 ? -errno : 0;
	mnl_socket_close(socket);
	return error;
}
