// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "wire_io.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int cp_wire_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, error;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

int cp_wire_send(int fd, union cp_wire_message *message, enum poise_wire_type type, size_t length,
		 __u32 request, int descriptor)
{
	struct iovec vector = {.iov_base = message, .iov_len = length};
	struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};

	message->header.magic = POISE_WIRE_MAGIC;
	message->header.abi_version = POISE_ABI_VERSION;
	message->header.type = (__u16)type;
	message->header.length = (__u16)length;
	message->header.request = request;
	if (descriptor >= 0) {
		header.msg_control = control.bytes;
		header.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &descriptor, sizeof(int));
	}
	if (sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	return 0;
}

static void take_descriptor(struct msghdr *header, int *descriptor)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part))
		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS &&
		    part->cmsg_len == CMSG_LEN(sizeof(int)))
			memcpy(descriptor, CMSG_DATA(part), sizeof(int));
}

static int check(const union cp_wire_message *message, size_t length)
{
	if (length < sizeof(message->header) || message->header.magic != POISE_WIRE_MAGIC ||
	    message->header.length != length)
		return -EPROTO;
	if (message->header.abi_version != POISE_ABI_VERSION)
		return -EPROTOTYPE;
	switch (message->header.type) {
	case POISE_WIRE_WELCOME:
		return length == sizeof(message->welcome) ? 0 : -EPROTO;
	case POISE_WIRE_RESULT:
		return length == sizeof(message->result) ? 0 : -EPROTO;
	default:
		return -EPROTO;
	}
}

int cp_wire_receive(int fd, union cp_wire_message *message, int *descriptor)
{
	struct iovec vector = {.iov_base = message, .iov_len = sizeof(*message)};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr header = {.msg_iov = &vector,
				.msg_iovlen = 1,
				.msg_control = control.bytes,
				// CMSG_SPACE would have room for a second one, which nobody closes
				.msg_controllen = CMSG_LEN(sizeof(int))};
	ssize_t got = recvmsg(fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	int error;

	*descriptor = -1;
	if (got < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	take_descriptor(&header, descriptor);
	if (!got) // the end, or an empty message, which may have brought a descriptor
		error = -EPIPE;
	else
		error = header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EPROTO : check(message, (size_t)got);
	if (error && *descriptor >= 0) {
		close(*descriptor);
		*descriptor = -1;
	}
	return error;
}
