// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What the kernel gets where the firewall denies: every kind of frame, by rules compiled from a file.
#include <poise/host_filter.h>

#include "compile_world.h"
#include "frame.h"
#include "lockout.h"

#define XDP                                                                                                            \
	"dataplane = { mode = \"xdp\"; };\n"                                                                           \
	"ports = ( { name = \"front\"; interface = \"eth1\"; }, { name = \"back\"; interface = \"eth2\"; } );\n"       \
	"services = ( { name = \"web\"; vip = \"203.0.113.10\"; port = 80; health = { type = \"none\"; };\n"           \
	"backends = ( { name = \"a\"; address = \"10.0.0.1\"; } ); } );\n"

static struct poise_snapshot *rules(const char *firewall)
{
	struct cp_config *config = config_from(XDP "firewall = { %s };\n", firewall);
	struct poise_snapshot *snapshot = snapshot_of(config, NULL, NULL, NULL, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot);
	cp_config_free(config);
	return snapshot;
}

struct sent {
	uint8_t bytes[128];
	size_t length;
};

// A frame of an IPv4 packet with the first four bytes behind its header.
static struct sent ipv4(const char *source, uint8_t protocol, uint16_t first, uint16_t second, uint16_t fragment)
{
	struct sent sent = {.length = 14 + 20 + 8};
	uint8_t *ip = sent.bytes + 14;
	uint32_t address = inet_addr(source);

	sent.bytes[12] = 0x08;
	ip[0] = 0x45;
	ip[3] = 28;
	ip[6] = (uint8_t)(fragment >> 8);
	ip[7] = (uint8_t)fragment;
	ip[8] = 64;
	ip[9] = protocol;
	memcpy(ip + 12, &address, 4);
	memcpy(ip + 16, (const uint8_t[4]){10, 1, 0, 1}, 4);
	ip[20] = (uint8_t)(first >> 8);
	ip[21] = (uint8_t)first;
	ip[22] = (uint8_t)(second >> 8);
	ip[23] = (uint8_t)second;
	return sent;
}

static struct sent of_type(uint16_t type)
{
	struct sent sent = {.length = 60};

	sent.bytes[12] = (uint8_t)(type >> 8);
	sent.bytes[13] = (uint8_t)type;
	sent.bytes[14] = 0x60;
	return sent;
}

static struct sent tagged(struct sent inner)
{
	struct sent sent = {.length = inner.length + 4};

	memcpy(sent.bytes, inner.bytes, 12);
	memcpy(sent.bytes + 12, (const uint8_t[4]){0x81, 0, 0, 5}, 4);
	memcpy(sent.bytes + 16, inner.bytes + 12, inner.length - 12);
	return sent;
}

static int fate(const struct poise_snapshot *snapshot, struct sent sent, uint32_t port)
{
	uint8_t *exact = check_copy(sent.bytes, sent.length);
	struct poise_host_packet packet;
	int result;

	poise_host_parse(exact, exact + sent.length, &packet);
	result = poise_host_decide(snapshot, &packet, port);
	free(exact);
	return result;
}

#define TCP(source, port) ipv4(source, 6, 40000, port, 0)
#define UDP(source, port) ipv4(source, 17, 40000, port, 0)
#define ICMP(type) ipv4("192.0.2.1", 1, (type) << 8, 0, 0)

static void without_rules(void)
{
	struct poise_snapshot *snapshot = rules("default = \"deny\"; ");

	CU_ASSERT(snapshot->flags & POISE_SNAPSHOT_HOST_DENY);
	// What does not leave the link, and what ICMP says about the host's own packets.
	CU_ASSERT_EQUAL(fate(snapshot, of_type(0x0806), 0), POISE_HOST_PASS);
	CU_ASSERT_EQUAL(fate(snapshot, of_type(0x88cc), 0), POISE_HOST_PASS);
	CU_ASSERT_EQUAL(fate(snapshot, of_type(46), 0), POISE_HOST_PASS);
	for (unsigned int type = 0; type < 256; type++)
		CU_ASSERT_EQUAL(fate(snapshot, ICMP(type), 0) == POISE_HOST_PASS,
				type == 0 || type == 3 || type == 11 || type == 12);
	// Replies to the host's own connections have a socket; of the rest there is none.
	CU_ASSERT_EQUAL(fate(snapshot, TCP("192.0.2.1", 22), 0), POISE_HOST_ASK);
	CU_ASSERT_EQUAL(fate(snapshot, tagged(TCP("192.0.2.1", 22)), 0), POISE_HOST_ASK);
	CU_ASSERT_EQUAL(fate(snapshot, UDP("192.0.2.1", 53), 0), POISE_HOST_ASK);
	CU_ASSERT_EQUAL(fate(snapshot, ipv4("192.0.2.1", 112, 0, 0, 0), 0), POISE_HOST_DENY);
	CU_ASSERT_EQUAL(fate(snapshot, ipv4("192.0.2.1", 6, 0, 0, 0x2005), 0), POISE_HOST_DENY);
	CU_ASSERT_EQUAL(fate(snapshot, of_type(0x86dd), 0), POISE_HOST_DENY);
	for (size_t length = 0; length < 14 + 20; length++) { // cut anywhere: nothing is read behind the end
		struct sent cut = TCP("192.0.2.1", 22);

		cut.length = length;
		CU_ASSERT_EQUAL(fate(snapshot, cut, 0), length < 14 ? POISE_HOST_PASS : POISE_HOST_DENY);
	}
	free(snapshot);
	snapshot = rules("");
	CU_ASSERT_FALSE(snapshot->flags & POISE_SNAPSHOT_HOST_DENY);
	free(snapshot);
}

static void with_rules(void)
{
	struct poise_snapshot *snapshot =
		rules("default = \"deny\"; pass = ( { protocol = \"tcp\"; port = 22; source = \"192.0.2.0/24\"; },"
		      "{ protocol = \"udp\"; ports = \"3784-3785\"; interface = \"eth1\"; },"
		      "{ protocol = \"vrrp\"; }, { interface = \"eth2\"; source = \"10.0.0.0/8\"; }, { protocol = \"icmp\"; } )");

	CU_ASSERT_EQUAL(snapshot->pass_count, 5);
	CU_ASSERT_EQUAL(fate(snapshot, TCP("192.0.2.1", 22), 0), POISE_HOST_PASS);
	CU_ASSERT_EQUAL(fate(snapshot, tagged(tagged(TCP("192.0.2.1", 22))), 0), POISE_HOST_PASS);
	CU_ASSERT_EQUAL(fate(snapshot, TCP("192.0.2.1", 23), 0), POISE_HOST_ASK);
	CU_ASSERT_EQUAL(fate(snapshot, TCP("192.0.3.1", 22), 0), POISE_HOST_ASK);
	CU_ASSERT_EQUAL(fate(snapshot, UDP("192.0.2.1", 22), 0), POISE_HOST_ASK);
	CU_ASSERT_EQUAL(fate(snapshot, UDP("1.2.3.4", 3783), 0), POISE_HOST_ASK);
	CU_ASSERT_EQUAL(fate(snapshot, UDP("1.2.3.4", 3784), 0), POISE_HOST_PASS);
	CU_ASSERT_EQUAL(fate(snapshot, UDP("1.2.3.4", 3785), 0), POISE_HOST_PASS);
	CU_ASSERT_EQUAL(fate(snapshot, UDP("1.2.3.4", 3786), 0), POISE_HOST_ASK);
	CU_ASSERT_EQUAL(fate(snapshot, UDP("1.2.3.4", 3784), 1), POISE_HOST_ASK);
	CU_ASSERT_EQUAL(fate(snapshot, ipv4("1.2.3.4", 112, 0, 0, 0), 0), POISE_HOST_PASS);
	CU_ASSERT_EQUAL(fate(snapshot, TCP("10.2.3.4", 1), 1), POISE_HOST_PASS);
	CU_ASSERT_EQUAL(fate(snapshot, ipv4("10.2.3.4", 99, 0, 0, 0x2005), 1), POISE_HOST_PASS);
	CU_ASSERT_EQUAL(fate(snapshot, TCP("10.2.3.4", 1), 0), POISE_HOST_ASK);
	CU_ASSERT_EQUAL(fate(snapshot, of_type(0x86dd), 1), POISE_HOST_DENY); // its source is none of IPv4
	CU_ASSERT_EQUAL(fate(snapshot, ICMP(8), 0), POISE_HOST_PASS);
	// A later fragment has no ports, and does not pass where they are asked for.
	CU_ASSERT_EQUAL(fate(snapshot, ipv4("192.0.2.1", 6, 1, 22, 0x0005), 0), POISE_HOST_DENY);
	CU_ASSERT_EQUAL(fate(snapshot, ipv4("192.0.2.1", 6, 1, 22, 0x2000), 0), POISE_HOST_PASS);
	free(snapshot);
	snapshot = rules("default = \"deny\"; pass = ( { protocol = \"ipv6\"; interface = \"eth1\"; }, { interface = \"eth2\"; } )");
	CU_ASSERT_EQUAL(fate(snapshot, of_type(0x86dd), 0), POISE_HOST_PASS);
	CU_ASSERT_EQUAL(fate(snapshot, of_type(0x86dd), 1), POISE_HOST_PASS);
	CU_ASSERT_EQUAL(fate(snapshot, TCP("192.0.2.1", 22), 0), POISE_HOST_ASK);
	CU_ASSERT_EQUAL(fate(snapshot, TCP("192.0.2.1", 22), 1), POISE_HOST_PASS);
	free(snapshot);
}

static bool locks_out(const char *before, const char *after)
{
	struct cp_config *old = before ? config_from(XDP "firewall = { %s };\n", before) : NULL;
	struct cp_config *new = config_from(XDP "firewall = { %s };\n", after);
	char text[96];
	bool result = cp_locks_out(old, new, text, sizeof(text));

	cp_config_free(old);
	cp_config_free(new);
	return result;
}

static void lockouts(void)
{
	CU_ASSERT_FALSE(locks_out(NULL, ""));
	CU_ASSERT_TRUE(locks_out(NULL, "default = \"deny\";"));
	CU_ASSERT_TRUE(locks_out("", "default = \"deny\"; pass = ( { protocol = \"udp\"; port = 22; } );"));
	CU_ASSERT_TRUE(locks_out("", "default = \"deny\"; pass = ( { protocol = \"tcp\"; ports = \"23-99\"; } );"));
	CU_ASSERT_FALSE(locks_out("", "default = \"deny\"; pass = ( { protocol = \"tcp\"; ports = \"1-22\"; } );"));
	CU_ASSERT_FALSE(locks_out("", "default = \"deny\"; pass = ( { interface = \"eth2\"; } );"));
	// Who has it so already said --force before.
	CU_ASSERT_FALSE(locks_out("default = \"deny\";", "default = \"deny\"; pass = ( { protocol = \"icmp\"; } );"));
}

static const struct check_case cases[] = {
	{"without rules", without_rules},
	{"with rules", with_rules},
	{"lockouts", lockouts},
};

CHECK_MAIN("host_filter", cases)
