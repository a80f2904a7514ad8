// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See socket.h.
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int set_address(struct sockaddr_un *address, const char *path, struct dp_error *error)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (!path[0] || strlen(path) >= sizeof(address->sun_path))
		return dp_fail(error, -ENAMETOOLONG, "control socket path must have 1 to %zu characters",
			       sizeof(address->sun_path) - 1);
	memcpy(address->sun_path, path, strlen(path) + 1);
	return 0;
}

// Remove the socket file that a dead process left; refuse when somebody listens or it is no socket.
static int clear_stale(const struct sockaddr_un *address, struct dp_error *error)
{
	const char *path = address->sun_path;
	struct stat status;
	int fd, code;

	if (lstat(path, &status))
		return 0;
	if (!S_ISSOCK(status.st_mode))
		return dp_fail(error, -EEXIST, "%s exists and is not a socket", path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return dp_fail(error, -errno, "socket: %s", strerror(errno));
	code = connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;
	close(fd);
	if (code != ECONNREFUSED)
		return dp_fail(error, -EADDRINUSE, "another instance listens at %s", path);
	if (unlink(path))
		return dp_fail(error, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

static int bind_and_listen(const struct sockaddr_un *address, struct dp_error *error)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before;
	int code;

	if (fd < 0)
		return dp_fail(error, -errno, "socket: %s", strerror(errno));
	before = umask(0117); // the file is made with mode 0660 at once
	code = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;
	umask(before);
	if (!code && listen(fd, 8))
		code = errno;
	if (code) {
		close(fd);
		return dp_fail(error, -code, "%s: %s", address->sun_path, strerror(code));
	}
	return fd;
}

// "poise-dataplane-DEVICE-INODE-FILE", of the directory, behind a zero byte. Returns the address' length or -errno.
static int name_of(struct sockaddr_un *address, const char *path)
{
	char copy[sizeof(address->sun_path)], again[sizeof(address->sun_path)];
	struct stat status;
	int length;

	if (strlen(path) >= sizeof(copy))
		return -ENAMETOOLONG;
	strcpy(copy, path); // dirname() and basename() write
	strcpy(again, path);
	if (stat(dirname(copy), &status))
		return -errno;
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	length = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "poise-dataplane-%llx-%llx-%s",
			  (unsigned long long)status.st_dev, (unsigned long long)status.st_ino, basename(again));
	if (length >= (int)sizeof(address->sun_path) - 1)
		length = (int)sizeof(address->sun_path) - 2;
	return (int)offsetof(struct sockaddr_un, sun_path) + 1 + length;
}

int dp_socket_claim(const char *path, struct dp_error *error)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	struct sockaddr_un address;
	int length = name_of(&address, path), fd, code = 0;

	if (length < 0)
		return dp_fail(error, length, "%s: %s", path, strerror(-length));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return dp_fail(error, -errno, "socket: %s", strerror(errno));
	for (int attempt = 0; attempt < 20; attempt++) { // the last holder may be on its way out
		code = bind(fd, (const struct sockaddr *)&address, (socklen_t)length) ? errno : 0;
		if (code != EADDRINUSE)
			break;
		nanosleep(&pause, NULL);
	}
	if (!code)
		return fd;
	close(fd);
	if (code == EADDRINUSE)
		return dp_fail(error, -code, "another instance runs with its socket at %s", path);
	return dp_fail(error, -code, "%s: %s", path, strerror(code));
}

int dp_socket_listen(const char *path, struct dp_error *error)
{
	char copy[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct sockaddr_un address;
	int code, directory;

	code = set_address(&address, path, error);
	if (code)
		return code;
	// Two that start at the same moment must not both find the old file stale: the directory's lock makes
	// looking, removing and binding one step, and leaves nothing behind.
	memcpy(copy, address.sun_path, sizeof(copy));
	directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return dp_fail(error, -errno, "%s: %s", path, strerror(errno));
	flock(directory, LOCK_EX);
	code = clear_stale(&address, error);
	if (!code)
		code = bind_and_listen(&address, error);
	close(directory);
	return code;
}

int dp_socket_accept(int listener, struct dp_error *error)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred who;
	socklen_t size = sizeof(who);

	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) || (who.uid && who.uid != geteuid())) {
		close(fd);
		return dp_fail(error, -EACCES, "connection of another user refused");
	}
	return fd;
}

// Length that a message of this type must have; 0 for types that a peer does not send.
static size_t length_of(uint16_t type)
{
	switch (type) {
	case POISE_WIRE_HELLO:
	case POISE_WIRE_STOP:
		return sizeof(struct poise_wire_header);
	case POISE_WIRE_TABLE:
		return sizeof(struct poise_wire_table);
	case POISE_WIRE_SNAPSHOT:
		return sizeof(struct poise_wire_snapshot);
	default:
		return 0;
	}
}

static int check_message(const union dp_message *message, size_t length, int flags, struct dp_error *error)
{
	const struct poise_wire_header *header = &message->header;

	if (flags & (MSG_TRUNC | MSG_CTRUNC) || length < sizeof(*header))
		return dp_fail(error, -EPROTO, "message of wrong length");
	if (header->magic != POISE_WIRE_MAGIC)
		return dp_fail(error, -EPROTO, "peer does not speak this protocol");
	if (header->abi_version != POISE_ABI_VERSION)
		return dp_fail(error, -EPROTO, "peer has version %u, this is %u", header->abi_version,
			       POISE_ABI_VERSION);
	if (header->length != length || length != length_of(header->type))
		return dp_fail(error, -EPROTO, "message of type %u has the wrong length", header->type);
	return 0;
}

int dp_socket_receive(int peer, union dp_message *message, int *descriptor, struct dp_error *error)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { .iov_base = message, .iov_len = sizeof(*message) };
	struct msghdr header = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof(int)) // a second descriptor would be cut off, and refused
	};
	struct cmsghdr *item;
	ssize_t length;
	int code;

	*descriptor = -1;
	memset(message, 0, sizeof(*message));
	length = recvmsg(peer, &header, MSG_CMSG_CLOEXEC);
	if (length < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	item = CMSG_FIRSTHDR(&header);
	if (item && item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_RIGHTS &&
	    item->cmsg_len >= CMSG_LEN(sizeof(int)))
		memcpy(descriptor, CMSG_DATA(item), sizeof(int));
	// An empty message looks like the end, but may have brought a descriptor.
	code = length ? check_message(message, (size_t)length, header.msg_flags, error) : -EPIPE;
	if (code && *descriptor >= 0) {
		close(*descriptor);
		*descriptor = -1;
	}
	return code;
}

int dp_socket_send(int peer, const void *message, size_t length, int descriptor)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { .iov_base = (void *)(size_t)message, .iov_len = length };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };

	if (descriptor >= 0) {
		struct cmsghdr *item = &control.align;

		header.msg_control = &control;
		header.msg_controllen = sizeof(control);
		item->cmsg_level = SOL_SOCKET;
		item->cmsg_type = SCM_RIGHTS;
		item->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(item), &descriptor, sizeof(int));
	}
	return sendmsg(peer, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}
