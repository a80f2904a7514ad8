// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sync_send.h"

#define BACKLOG 4

int cp_sync_address(const char *host, uint16_t port, struct sockaddr_storage *address, socklen_t *size)
{
	struct sockaddr_in *four = (struct sockaddr_in *)address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		*size = sizeof(*four);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		*size = sizeof(*six);
		return 0;
	}
	return -EINVAL;
}

// The link may be down or without its address while poised starts: that is no reason not to.
static int set_up(int fd, const struct cp_ha *ha, bool server)
{
	struct sockaddr_storage address;
	socklen_t size;
	int on = 1, error = cp_sync_address(ha->listen_address, server ? ha->listen_port : 0, &address, &size);

	if (error)
		return error;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
	if (ha->interface[0] &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ha->interface, (socklen_t)strlen(ha->interface)))
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, size) || (server && listen(fd, BACKLOG)))
		return -errno;
	return 0;
}

int cp_sync_socket(const struct cp_ha *ha, bool server)
{
	int family = strchr(ha->listen_address, ':') ? AF_INET6 : AF_INET;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -errno;
	error = set_up(fd, ha, server);
	if (!error)
		return fd;
	close(fd);
	return error;
}
