// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket_address.h"
#include "sync_send.h"

#define BACKLOG 4

// The link may be down or without its address while poised starts: that is no reason not to.
static int set_up(int fd, const struct cp_ha *ha, bool server)
{
	struct sockaddr_storage address;
	socklen_t size;
	int on = 1, error = cp_socket_address(ha->listen_address, server ? ha->listen_port : 0, &address, &size);

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
