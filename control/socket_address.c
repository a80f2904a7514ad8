// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "socket_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

int cp_socket_address(const char *host, uint16_t port, struct sockaddr_storage *address, socklen_t *size)
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
