// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What is taken from the kernel's messages about links, neighbours and routes, and that messages which lie about
// their lengths give nothing. They lie in buffers of their own size, so a sanitizer sees every byte too many.
#include <arpa/inet.h>
#include <linux/neighbour.h>

#include "from_text.h"
#include "kernel_view.c" // its readers of messages are nobody else's business

static struct cp_kernel_view view = { .links = { { .ifindex = 5 }, { .ifindex = 6 } } };
static struct cp_kernel_link links[POISE_MAX_PORTS];
static struct cp_config *config;
static char buffer[1024];

static struct nlmsghdr *message(const void *body, size_t size)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

	memcpy(mnl_nlmsg_put_extra_header(header, size), body, size);
	return header;
}

// Give a copy of exactly the message's bytes, the last attribute's padding aside, to a reader.
static struct reader give(mnl_cb_t callback, const struct nlmsghdr *header, uint32_t length)
{
	struct reader reader = { .config = config, .view = &view };
	struct nlmsghdr *copy = check_copy(header, MNL_ALIGN(length));

	if (callback == read_link) {
		memset(links, 0, sizeof(links));
		reader.items = links;
	}
	copy->nlmsg_len = length;
	CU_ASSERT_EQUAL(callback(copy, &reader), MNL_CB_OK);
	free(copy);
	return reader;
}

static void begin(void)
{
	config = config_from("ports = ( { name = \"front\"; interface = \"eth1\"; },"
			     " { name = \"back\"; interface = \"eth2\"; } );\n"
			     "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80;"
			     " backends = ( { name = \"near\"; address = \"10.2.0.11\"; } ); } );\n");
}

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 7 };

static void reads_links(void)
{
	const struct ifinfomsg info = { .ifi_index = 9, .ifi_flags = IFF_UP | IFF_RUNNING };
	struct nlmsghdr *header = message(&info, sizeof(info));

	begin();
	mnl_attr_put_strz(header, IFLA_IFNAME, "eth2");
	mnl_attr_put(header, IFLA_ADDRESS, 6, mac);
	give(read_link, header, header->nlmsg_len);
	CU_ASSERT(links[1].ifindex == 9 && links[1].up && !memcmp(links[1].mac, mac, 6) && !links[0].ifindex);
	for (uint32_t length = NLMSG_HDRLEN; length + 3 < header->nlmsg_len; length++) { // cut before its padding
		give(read_link, header, length);
		CU_ASSERT_EQUAL(links[1].ifindex, 0);
	}
	// A name that does not end, a link address of another kind of network.
	header = message(&info, sizeof(info));
	mnl_attr_put(header, IFLA_IFNAME, 4, "eth2");
	mnl_attr_put(header, IFLA_ADDRESS, 6, mac);
	give(read_link, header, header->nlmsg_len);
	CU_ASSERT_EQUAL(links[1].ifindex, 0);
	header = message(&info, sizeof(info));
	mnl_attr_put_strz(header, IFLA_IFNAME, "eth2");
	mnl_attr_put(header, IFLA_ADDRESS, 20, "01234567890123456789");
	give(read_link, header, header->nlmsg_len);
	CU_ASSERT_EQUAL(links[1].ifindex, 0);
	cp_config_free(config);
}

static struct reader neighbor(uint8_t family, int index, uint16_t state, size_t address, size_t link)
{
	const struct ndmsg info = { .ndm_family = family, .ndm_ifindex = index, .ndm_state = state };
	struct nlmsghdr *header = message(&info, sizeof(info));
	uint32_t ip = inet_addr("10.2.0.11");
	uint8_t wide[16] = { 2 };

	memcpy(wide, &ip, 4);
	mnl_attr_put(header, NDA_DST, address, wide);
	if (link)
		mnl_attr_put(header, NDA_LLADDR, link, mac);
	return give(read_neighbor, header, header->nlmsg_len);
}

static void reads_neighbors(void)
{
	struct reader reader = neighbor(AF_INET, 6, NUD_STALE, 4, 6);
	const struct cp_kernel_neighbor *one = reader.items;

	CU_ASSERT_EQUAL_FATAL(reader.count, 1);
	CU_ASSERT(one->address == inet_addr("10.2.0.11") && one->port == 1 && one->valid && !memcmp(one->mac, mac, 6));
	free(reader.items);
	reader = neighbor(AF_INET, 6, NUD_FAILED, 4, 0);
	one = reader.items;
	CU_ASSERT(reader.count == 1 && !one->valid);
	free(reader.items);
	reader = neighbor(AF_INET, 6, NUD_REACHABLE, 4, 5); // no Ethernet address
	one = reader.items;
	CU_ASSERT(reader.count == 1 && !one->valid);
	free(reader.items);
	CU_ASSERT_EQUAL(neighbor(AF_INET, 7, NUD_STALE, 4, 6).count, 0);  // no port of ours
	CU_ASSERT_EQUAL(neighbor(AF_INET, 0, NUD_STALE, 4, 6).count, 0);
	CU_ASSERT_EQUAL(neighbor(AF_INET6, 6, NUD_STALE, 16, 6).count, 0);
	CU_ASSERT_EQUAL(neighbor(AF_INET, 6, NUD_STALE, 16, 6).count, 0); // an address of another size
	CU_ASSERT_EQUAL(neighbor(AF_INET, 6, NUD_STALE, 3, 6).count, 0);
}

static struct nlmsghdr *route(uint8_t table)
{
	const struct rtmsg info = { .rtm_family = AF_INET, .rtm_dst_len = 16, .rtm_table = table, .rtm_type = RTN_UNICAST };
	struct nlmsghdr *header = message(&info, sizeof(info));

	mnl_attr_put_u32(header, RTA_DST, inet_addr("10.9.0.0"));
	return header;
}

static void reads_routes(void)
{
	struct nlmsghdr *header = route(RT_TABLE_MAIN);
	const struct cp_kernel_route *one;
	struct reader reader;

	mnl_attr_put_u32(header, RTA_GATEWAY, inet_addr("10.2.0.99"));
	mnl_attr_put_u32(header, RTA_PRIORITY, 100);
	mnl_attr_put_u32(header, RTA_OIF, 5);
	reader = give(read_route, header, header->nlmsg_len);
	one = reader.items;
	CU_ASSERT_EQUAL_FATAL(reader.count, 1);
	CU_ASSERT(one->prefix == inet_addr("10.9.0.0") && one->length == 16 && one->gateway == inet_addr("10.2.0.99"));
	CU_ASSERT(one->metric == 100 && one->port == 0);
	free(reader.items);
	for (uint32_t length = NLMSG_HDRLEN; length + 3 < header->nlmsg_len; length++) // without its last attribute
		CU_ASSERT_EQUAL(give(read_route, header, length).count, 0);
	header = route(RT_TABLE_LOCAL);
	mnl_attr_put_u32(header, RTA_OIF, 5);
	CU_ASSERT_EQUAL(give(read_route, header, header->nlmsg_len).count, 0);
	mnl_attr_put_u32(header, RTA_TABLE, RT_TABLE_MAIN); // says more than the old field
	reader = give(read_route, header, header->nlmsg_len);
	CU_ASSERT_EQUAL(reader.count, 1);
	free(reader.items);
}

// A route over a stranger's interface and ours, whose second hop says it is `length` bytes long.
static struct reader hops(uint16_t length)
{
	struct {
		struct rtnexthop stranger, ours;
		struct nlattr attribute;
		uint32_t gateway;
	} list = {
		.stranger = { .rtnh_len = sizeof(struct rtnexthop), .rtnh_ifindex = 77 },
		.ours = { .rtnh_len = length, .rtnh_ifindex = 6 },
		.attribute = { .nla_len = 8, .nla_type = RTA_GATEWAY },
		.gateway = inet_addr("10.2.0.99"),
	};
	struct nlmsghdr *header = route(RT_TABLE_MAIN);

	mnl_attr_put(header, RTA_MULTIPATH, sizeof(list), &list);
	return give(read_route, header, header->nlmsg_len);
}

static void reads_next_hops(void)
{
	struct reader reader = hops(16);
	const struct cp_kernel_route *one = reader.items;

	CU_ASSERT_EQUAL_FATAL(reader.count, 1);
	CU_ASSERT(one->port == 1 && one->gateway == inet_addr("10.2.0.99"));
	free(reader.items);
	reader = hops(8); // no room for a gateway
	one = reader.items;
	CU_ASSERT(reader.count == 1 && one->gateway == 0);
	free(reader.items);
	CU_ASSERT_EQUAL(hops(7).count, 0); // shorter than itself: would never end
	CU_ASSERT_EQUAL(hops(0).count, 0);
	CU_ASSERT_EQUAL(hops(17).count, 0);
	CU_ASSERT_EQUAL(hops(0xffff).count, 0);
}

static void headers_that_are_cut(void)
{
	static const mnl_cb_t callbacks[] = { read_link, read_neighbor, read_route };
	const uint8_t body[32] = { AF_INET };

	begin();
	for (uint32_t i = 0; i < 3; i++)
		for (uint32_t length = 0; length < 12; length++)
			CU_ASSERT_EQUAL(give(callbacks[i], message(body, 32), NLMSG_HDRLEN + length).count, 0);
	cp_config_free(config);
}

// The real kernel's answer: the loopback interface is always there.
static void asks_the_kernel(void)
{
	struct cp_kernel_view real = { 0 };

	config = config_from("ports = ( { name = \"front\"; interface = \"lo\"; } );\n"
			     "services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80;"
			     " backends = ( { name = \"near\"; address = \"10.2.0.11\"; } ); } );\n");
	CU_ASSERT_EQUAL(cp_kernel_read_links(config, &real), 0);
	CU_ASSERT_EQUAL(real.links[0].ifindex, if_nametoindex("lo"));
	CU_ASSERT_EQUAL(cp_kernel_read_routes(&real), 0);
	CU_ASSERT_EQUAL(cp_kernel_read_neighbors(&real), 0);
	cp_kernel_view_fini(&real);
	cp_config_free(config);
}

static const struct check_case cases[] = {
	{ "reads links", reads_links },
	{ "reads neighbours", reads_neighbors },
	{ "reads routes", reads_routes },
	{ "reads next hops", reads_next_hops },
	{ "headers that are cut", headers_that_are_cut },
	{ "asks the kernel", asks_the_kernel },
};

CHECK_MAIN("kernel_view", cases)
