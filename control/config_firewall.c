// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "config_parts.h"

static const struct cp_choice defaults[] = {
	{ "pass", 0, true },
	{ "deny", 1, true },
};

// What is written, and the number in IPv4's header; 0 any. "ipv6" is no protocol of IPv4 but the other version.
static const struct cp_choice protocols[] = {
	{ "any", 0, true },
	{ "tcp", IPPROTO_TCP, true },
	{ "udp", IPPROTO_UDP, true },
	{ "icmp", IPPROTO_ICMP, true },
	{ "igmp", IPPROTO_IGMP, true },
	{ "gre", IPPROTO_GRE, true },
	{ "esp", IPPROTO_ESP, true },
	{ "ah", IPPROTO_AH, true },
	{ "ospf", 89, true },
	{ "vrrp", 112, true },
	{ "sctp", IPPROTO_SCTP, true },
	{ "ipv6", CP_PASS_IPV6, true },
};

const char *cp_pass_protocol_name(int protocol)
{
	for (uint32_t i = 0; i < POISE_COUNT(protocols); i++)
		if (protocols[i].value == protocol)
			return protocols[i].word;
	return "?";
}

static void parse_ports(struct cp_read *read, struct cp_pass *pass)
{
	uint32_t first = 0, last = 0;
	uint16_t port = 0;

	if (cp_read_port(read, "port", &port))
		first = last = port;
	cp_read_range(read, "ports", 1, UINT16_MAX, &first, &last);
	pass->first_port = (uint16_t)first;
	pass->last_port = (uint16_t)last;
	if (cp_read_get(read, "port") && cp_read_get(read, "ports"))
		cp_read_fail(read, "ports", "port and ports say the same thing twice, keep one");
	if (last && pass->protocol != IPPROTO_TCP && pass->protocol != IPPROTO_UDP)
		cp_read_fail(read, NULL, "ports are for protocol \"tcp\" or \"udp\", add one of them or remove the ports");
}

static void parse_interface(struct cp_read *read, const struct cp_config *config, struct cp_pass *pass)
{
	const char *text = cp_read_string(read, "interface");
	bool known = false;

	for (uint32_t i = 0; text && i < config->ports_count; i++)
		known |= !strcmp(config->ports[i].interface, text);
	if (!text)
		return;
	if (!*text || !known)
		cp_read_fail(read, "interface", "interface \"%.20s\" belongs to no port; others are not filtered", text);
	else
		strcpy(pass->interface, text);
}

static void parse_pass(const struct cp_read *parent, const struct cp_config *config, config_setting_t *setting,
		       uint32_t index, struct cp_pass *pass)
{
	struct cp_read read;
	const char *source;

	cp_read_begin(&read, parent, setting, "pass number %u of firewall", index + 1);
	pass->line = read.line;
	cp_read_choice(&read, "protocol", protocols, POISE_COUNT(protocols), &pass->protocol);
	parse_ports(&read, pass);
	parse_interface(&read, config, pass);
	source = cp_read_get(&read, "source") ? cp_read_string(&read, "source") : NULL;
	if (source && cp_read_prefix(&read, "source", source, &pass->source) && pass->protocol == CP_PASS_IPV6)
		cp_read_fail(&read, "source", "source is an IPv4 address, which protocol \"ipv6\" has none of: remove it");
	cp_read_end(&read);
}

void cp_parse_firewall(struct cp_read *root, struct cp_config *config)
{
	struct cp_firewall *firewall = &config->firewall;
	config_setting_t *list;
	struct cp_read read;
	int deny = 0;
	uint32_t count = 0;
	bool unknown;

	cp_read_begin(&read, root, cp_read_get(root, "firewall"), "firewall");
	firewall->line = read.line;
	unknown = cp_read_get(&read, "default") &&
		  !cp_read_choice(&read, "default", defaults, POISE_COUNT(defaults), &deny);
	firewall->deny = deny;
	list = cp_read_list(&read, "pass", POISE_MAX_PASS, &count);
	if (count && !deny && !unknown)
		cp_read_fail(&read, "pass", "pass is for default = \"deny\", add that or remove pass");
	for (uint32_t i = 0; i < count; i++)
		parse_pass(&read, config, config_setting_get_elem(list, (int)i), i, &firewall->pass[i]);
	firewall->pass_count = count;
	cp_read_end(&read);
}
