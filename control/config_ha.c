// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// ha: the pair that this balancer belongs to.
#include <stdio.h>
#include <string.h>

#include "config_parts.h"
#include "config_value.h"

#define JOIN_TIMEOUT_S 10
#define LEAST_SNAT_PORTS 128 // so that each half has one of each shard

static void parse_endpoint(struct cp_read *read, const char *key, char *address, size_t size, uint16_t *port)
{
	const char *text = cp_read_required(read, key) ? cp_read_string(read, key) : NULL;

	if (text && !cp_value_listen(text, address, size, port))
		cp_read_fail(read, key, "%s is \"%s\", write an address of the sync link and a port such as "
			     "\"10.9.0.1:9651\"", key, text);
}

static void parse_interface(struct cp_read *read, struct cp_ha *ha)
{
	const char *text = cp_read_string(read, "interface");

	if (!text)
		return;
	if (!*text || strlen(text) >= sizeof(ha->interface) || strpbrk(text, "/: \t\r\n,"))
		cp_read_fail(read, "interface", "interface \"%s\" is no name of an interface, see \"ip link\"", text);
	else
		strcpy(ha->interface, text);
}

static void parse_key_file(struct cp_read *read, struct cp_ha *ha)
{
	const char *text = cp_read_required(read, "key_file") ? cp_read_string(read, "key_file") : NULL;

	if (text && (text[0] != '/' || strlen(text) >= sizeof(ha->key_file)))
		cp_read_fail(read, "key_file", "key_file is \"%.200s\", write an absolute path of at most %zu "
			     "characters such as \"/etc/poise/sync.key\"", text, sizeof(ha->key_file) - 1);
	else if (text)
		strcpy(ha->key_file, text);
}

// The pair shares its SNAT addresses, and each node takes ports of its own half.
static void check_snat(const struct cp_read *read, const struct cp_config *config)
{
	for (uint32_t i = 0; i < config->ports_count; i++) {
		const struct cp_port *port = &config->ports[i];

		if (port->snat_count && port->snat_last_port - port->snat_first_port + 1 < LEAST_SNAT_PORTS)
			cp_read_fail(read, "node", "port \"%s\" has %d snat_ports, the two nodes of a pair share them "
				     "and need %d or more", port->name,
				     port->snat_last_port - port->snat_first_port + 1, LEAST_SNAT_PORTS);
	}
}

void cp_parse_ha(struct cp_read *root, struct cp_config *config)
{
	config_setting_t *group = cp_read_get(root, "ha");
	struct cp_ha *ha = &config->ha;
	struct cp_read read;

	ha->join_timeout_s = JOIN_TIMEOUT_S;
	if (!group)
		return;
	cp_read_begin(&read, root, group, "ha");
	ha->on = true;
	ha->line = read.line;
	if (cp_read_required(&read, "node"))
		cp_read_number(&read, "node", 0, 1, &ha->node);
	parse_endpoint(&read, "listen", ha->listen_address, sizeof(ha->listen_address), &ha->listen_port);
	parse_endpoint(&read, "peer", ha->peer_address, sizeof(ha->peer_address), &ha->peer_port);
	parse_key_file(&read, ha);
	parse_interface(&read, ha);
	cp_read_number(&read, "join_timeout_s", 1, 3600, &ha->join_timeout_s);
	if (ha->listen_address[0] && !strcmp(ha->listen_address, ha->peer_address) && ha->listen_port == ha->peer_port)
		cp_read_fail(&read, "peer", "peer is this balancer's own \"listen\", write the other one's");
	if (!strchr(ha->listen_address, ':') != !strchr(ha->peer_address, ':') && ha->listen_address[0] &&
	    ha->peer_address[0])
		cp_read_fail(&read, "peer", "listen and peer are of different address families, use one");
	check_snat(&read, config);
	cp_read_end(&read);
}

void cp_ha_snat_ports(const struct cp_ha *ha, uint16_t *first, uint16_t *last)
{
	uint16_t middle = (uint16_t)(*first + (*last - *first + 1) / 2);

	if (!ha->on)
		return;
	if (ha->node)
		*first = middle;
	else
		*last = (uint16_t)(middle - 1);
}
