// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The server's end: one thread, epoll, a message back for each.
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe.h"

struct peer {
	int fd;
	size_t have; // bytes of the message
	struct probe_message message;
};

static int listen_on(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 4096))
		probe_die("probe: listen");
	return fd;
}

// Returns 0, or -1 when the peer is done with.
static int echo(struct peer *peer)
{
	for (;;) {
		ssize_t got = recv(peer->fd, (uint8_t *)&peer->message + peer->have,
				   sizeof(peer->message) - peer->have, 0);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (got <= 0)
			return -1;
		peer->have += (size_t)got;
		if (peer->have < sizeof(peer->message))
			continue;
		peer->have = 0;
		// A message that is not whole goes back as it is: the client sees and counts it.
		if (send(peer->fd, &peer->message, sizeof(peer->message), MSG_NOSIGNAL) !=
		    (ssize_t)sizeof(peer->message))
			return -1;
	}
}

static void admit(int epoll, int listener)
{
	int fd, one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct peer *peer = calloc(1, sizeof(*peer));
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (!peer || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
			probe_die("probe: accept");
		peer->fd = fd;
	}
}

void probe_serve(uint16_t port)
{
	struct epoll_event event = {.events = EPOLLIN}, events[64];
	int listener = listen_on(port), epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event))
		probe_die("probe: epoll");
	for (;;) {
		int count = epoll_wait(epoll, events, 64, -1);

		for (int i = 0; i < count; i++) {
			struct peer *peer = events[i].data.ptr;

			if (!peer) {
				admit(epoll, listener);
			} else if (echo(peer)) {
				close(peer->fd);
				free(peer);
			}
		}
	}
}
