// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "ethtool.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

// Of linux/netdev.h, which headers before 6.3 do not have.
#define NETDEV_FAMILY "netdev"
#define NETDEV_DEV_GET 1
#define NETDEV_IFINDEX 1
#define NETDEV_XDP_FEATURES 3

#define SPREAD_MAX 65536u // entries of an indirection table that are believed

static int ask(int fd, const char *name, void *command)
{
	struct ifreq request = {.ifr_data = command};

	memcpy(request.ifr_name, name, strnlen(name, sizeof(request.ifr_name) - 1));
	return ioctl(fd, SIOCETHTOOL, &request) ? -errno : 0;
}

static void read_channels(int fd, const char *name, struct cp_interface *interface)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};

	if (!ask(fd, name, &channels))
		interface->channels = channels.combined_count + channels.rx_count;
}

// Queues named in the indirection table of receive side scaling.
static void read_spread(int fd, const char *name, struct cp_interface *interface)
{
	struct ethtool_rxfh_indir size = {.cmd = ETHTOOL_GRXFHINDIR}, *table;
	uint64_t seen[4] = {0};

	if (ask(fd, name, &size) || !size.size || size.size > SPREAD_MAX)
		return;
	table = calloc(1, sizeof(*table) + size.size * sizeof(table->ring_index[0]));
	if (!table)
		return;
	table->cmd = ETHTOOL_GRXFHINDIR;
	table->size = size.size;
	if (!ask(fd, name, table))
		for (uint32_t i = 0; i < size.size; i++)
			seen[table->ring_index[i] / 64 % 4] |= 1ull << table->ring_index[i] % 64;
	for (size_t i = 0; i < 4; i++)
		interface->spread += (uint32_t)__builtin_popcountll(seen[i]);
	free(table);
}

// Is the feature of this number on? Blocks of 32.
static bool is_on(int fd, const char *name, uint32_t index, uint32_t count)
{
	uint32_t blocks = (count + 31) / 32;
	struct ethtool_gfeatures *features =
		calloc(1, sizeof(*features) + blocks * sizeof(features->features[0]));
	bool on = false;

	if (!features)
		return false;
	features->cmd = ETHTOOL_GFEATURES;
	features->size = blocks;
	if (!ask(fd, name, features))
		on = features->features[index / 32].active >> index % 32 & 1;
	free(features);
	return on;
}

static uint32_t features_count(int fd, const char *name)
{
	union {
		struct ethtool_sset_info info;
		uint32_t words[sizeof(struct ethtool_sset_info) / 4 + 1]; // the count follows
	} set = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_FEATURES}};
	uint32_t count;

	if (ask(fd, name, &set) || !set.info.sset_mask)
		return 0;
	count = set.words[sizeof(struct ethtool_sset_info) / 4];
	return count <= 1024 ? count : 0;
}

static void read_features(int fd, const char *name, struct cp_interface *interface)
{
	uint32_t count = features_count(fd, name);
	struct ethtool_gstrings *strings = calloc(1, sizeof(*strings) + (size_t)count * ETH_GSTRING_LEN);

	if (!strings)
		return;
	strings->cmd = ETHTOOL_GSTRINGS;
	strings->string_set = ETH_SS_FEATURES;
	strings->len = count;
	if (ask(fd, name, strings))
		count = 0;
	for (uint32_t i = 0; i < count; i++) {
		const char *feature = (const char *)strings->data + (size_t)i * ETH_GSTRING_LEN;

		if (!strncmp(feature, "rx-lro", ETH_GSTRING_LEN))
			interface->lro = is_on(fd, name, i, count);
		else if (!strncmp(feature, "rx-gro-hw", ETH_GSTRING_LEN))
			interface->gro_hardware = is_on(fd, name, i, count);
	}
	free(strings);
}

static int take_family(const struct nlmsghdr *header, void *data)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, header, sizeof(struct genlmsghdr)) if (mnl_attr_get_type(attribute) ==
									    CTRL_ATTR_FAMILY_ID) *
		(uint16_t *)data = mnl_attr_get_u16(attribute);
	return MNL_CB_OK;
}

static int take_xdp(const struct nlmsghdr *header, void *data)
{
	struct cp_interface *interface = data;
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, header,
			  sizeof(struct genlmsghdr)) if (mnl_attr_get_type(attribute) ==
								 NETDEV_XDP_FEATURES &&
							 mnl_attr_get_payload_len(attribute) == 8)
	{
		interface->xdp_known = true;
		interface->xdp_features = mnl_attr_get_u64(attribute);
	}
	return MNL_CB_OK;
}

static int exchange(struct mnl_socket *socket, struct nlmsghdr *header, mnl_cb_t callback, void *data)
{
	char buffer[8192];
	ssize_t got;

	header->nlmsg_seq = 1;
	if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
		return -errno;
	got = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	if (got < 0 || mnl_cb_run(buffer, (size_t)got, 1, mnl_socket_get_portid(socket), callback, data) < 0)
		return -errno;
	return 0;
}

static struct nlmsghdr *begin(char *buffer, uint16_t type, uint8_t command)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *generic = mnl_nlmsg_put_extra_header(header, sizeof(*generic));

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST;
	generic->cmd = command;
	generic->version = 1;
	return header;
}

static void read_xdp(struct cp_interface *interface)
{
	const struct timeval patience = {.tv_sec = 1};
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	struct nlmsghdr *header;
	uint16_t family = 0;
	char buffer[512];

	if (!socket)
		return;
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (!mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID)) {
		header = begin(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
		mnl_attr_put_strz(header, CTRL_ATTR_FAMILY_NAME, NETDEV_FAMILY);
		if (!exchange(socket, header, take_family, &family) && family) {
			header = begin(buffer, family, NETDEV_DEV_GET);
			mnl_attr_put_u32(header, NETDEV_IFINDEX, interface->ifindex);
			exchange(socket, header, take_xdp, interface);
		}
	}
	mnl_socket_close(socket);
}

int cp_interface_read(const char *name, struct cp_interface *interface)
{
	struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memset(interface, 0, sizeof(*interface));
	if (fd < 0)
		return -errno;
	memcpy(request.ifr_name, name, strnlen(name, sizeof(request.ifr_name) - 1));
	interface->ifindex = if_nametoindex(name);
	if (!interface->ifindex) {
		close(fd);
		return -ENODEV;
	}
	if (!ioctl(fd, SIOCGIFFLAGS, &request))
		interface->up = (request.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
	if (!ioctl(fd, SIOCGIFMTU, &request))
		interface->mtu = (uint32_t)request.ifr_mtu;
	if (!ask(fd, name, &driver))
		snprintf(interface->driver, sizeof(interface->driver), "%.31s", driver.driver);
	read_channels(fd, name, interface);
	read_spread(fd, name, interface);
	read_features(fd, name, interface);
	read_xdp(interface);
	close(fd);
	return 0;
}
