// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_parts.h"
#include "config_value.h"

#define CP_MAX_NEIGHBORS (POISE_MAX_BACKENDS + POISE_MAX_ROUTES)

static void parse_prefix(struct cp_read *read, struct cp_neighbor *neighbor)
{
	uint32_t address, length;
	const char *text;

	if (!cp_read_required(read, "address"))
		return;
	text = cp_read_string(read, "address");
	if (!text)
		return;
	if (!cp_value_prefix(text, &address, &length))
		cp_read_fail(read, "address", "address is \"%s\", write an IPv4 address or a prefix such as "
			     "\"192.0.2.0/24\"", text);
	else if (address & ~cp_value_mask(length))
		cp_read_fail(read, "address", "address \"%s\" has bits behind the prefix, set them to 0", text);
	else if (length == 32 && cp_value_address_unfit(address))
		cp_read_fail(read, "address", "address %s: %s, choose another", text,
			     cp_value_address_unfit(address));
	else {
		neighbor->address = address;
		neighbor->prefix = length;
	}
}

static void parse_neighbor(const struct cp_read *root, config_setting_t *setting, uint32_t index,
			   struct cp_neighbor *neighbor)
{
	struct cp_read read;
	const char *port;

	neighbor->prefix = 32;
	cp_read_begin(&read, root, setting, "neighbor number %u", index + 1);
	neighbor->line = read.line;
	parse_prefix(&read, neighbor);
	if (cp_read_required(&read, "mac"))
		cp_read_mac(&read, "mac", neighbor->mac);
	port = cp_read_required(&read, "port") ? cp_read_string(&read, "port") : NULL;
	if (port && (!*port || strlen(port) >= sizeof(neighbor->port)))
		cp_read_fail(&read, "port", "port \"%s\" is no name of a port, see \"ports\"", port);
	else if (port)
		strcpy(neighbor->port, port);
	cp_read_end(&read);
}

void cp_parse_neighbors(struct cp_read *root, struct cp_config *config)
{
	uint32_t count;
	config_setting_t *list = cp_read_list(root, "neighbors", CP_MAX_NEIGHBORS, &count);

	if (!count)
		return;
	config->neighbors = calloc(count, sizeof(*config->neighbors));
	if (!config->neighbors) {
		cp_read_fail(root, "neighbors", "out of memory");
		return;
	}
	config->neighbors_count = count;
	for (uint32_t i = 0; i < count; i++)
		parse_neighbor(root, config_setting_get_elem(list, i), i, &config->neighbors[i]);
}

void cp_parse_fallback(struct cp_read *root, struct cp_config *config)
{
	struct cp_read read;

	config->xdp = true;
	config->heartbeat_ms = 5;
	cp_read_begin(&read, root, cp_read_get(root, "fallback"), "fallback");
	cp_read_bool(&read, "xdp", &config->xdp);
	cp_read_number(&read, "heartbeat_ms", 1, 1000, &config->heartbeat_ms);
	cp_read_end(&read);
}

void cp_parse_metrics(struct cp_read *root, struct cp_config *config)
{
	const char *listen = "127.0.0.1:9650", *text;
	struct cp_read read;

	cp_read_begin(&read, root, cp_read_get(root, "metrics"), "metrics");
	text = cp_read_string(&read, "listen");
	if (text)
		listen = text;
	if (*listen && !cp_value_listen(listen, config->metrics_address, sizeof(config->metrics_address),
					&config->metrics_port))
		cp_read_fail(&read, "listen", "listen is \"%s\", write \"127.0.0.1:9650\", \"[::1]:9650\" or \"\" "
			     "for none", listen);
	cp_read_end(&read);
}

// Beside the default socket, where a boot does not clear it away; with another socket in that one's directory, so
// that two instances do not meet.
static void parse_state(struct cp_read *read, struct cp_config *config)
{
	static const char usual[] = "/run/poise/";
	const char *text = cp_read_string(read, "state_directory");
	const char *slash = strrchr(config->control_socket, '/');

	if (text && (text[0] != '/' || !text[1] || strlen(text) >= sizeof(config->state_directory)))
		cp_read_fail(read, "state_directory",
			     "state_directory is \"%.200s\", write an absolute path of at most "
			     "%zu characters such as \"/var/lib/poise\"", text, sizeof(config->state_directory) - 1);
	else if (text)
		strcpy(config->state_directory, text);
	else if (!slash || !strncmp(config->control_socket, usual, strlen(usual)))
		strcpy(config->state_directory, "/var/lib/poise");
	else
		snprintf(config->state_directory, sizeof(config->state_directory), "%.*s",
			 (int)(slash - config->control_socket) + (slash == config->control_socket),
			 config->control_socket);
}

void cp_parse_control(struct cp_read *root, struct cp_config *config)
{
	static const char beside[] = "dataplane.sock";
	const char *path = "/run/poise/control.sock", *text, *slash;
	struct cp_read read;
	size_t directory;

	cp_read_begin(&read, root, cp_read_get(root, "control"), "control");
	text = cp_read_string(&read, "socket");
	if (text)
		path = text;
	slash = strrchr(path, '/');
	directory = slash ? (size_t)(slash - path) + 1 : 0;
	if (path[0] != '/' || !slash[1])
		cp_read_fail(&read, "socket", "socket is \"%s\", write an absolute path of a file such as "
			     "\"/run/poise/control.sock\"", path);
	else if (strlen(path) >= CP_PATH_SIZE || directory + sizeof(beside) > CP_PATH_SIZE)
		cp_read_fail(&read, "socket", "socket has a path of %zu characters, which is too long, use a "
			     "shorter directory", strlen(path));
	else if (!strcmp(slash + 1, beside))
		cp_read_fail(&read, "socket", "socket must not be named %s, the dataplane's stands beside it",
			     beside);
	else {
		strcpy(config->control_socket, path);
		snprintf(config->dataplane_socket, sizeof(config->dataplane_socket), "%.*s%s", (int)directory,
			 path, beside);
	}
	parse_state(&read, config);
	cp_read_end(&read);
}
