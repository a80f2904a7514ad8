// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// See attached.h.
#include "attached.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// The driver shares a program of this name only.
#define DP_PROGRAM_NAME "xsk_def_prog"

// The program's id, 0 when none is attached, -1 when the answer makes no sense.
static int64_t program_of(const struct nlmsghdr *message, size_t bytes)
{
	const struct rtattr *attribute = IFLA_RTA(NLMSG_DATA(message)), *inner;
	int left = (int)IFLA_PAYLOAD(message), inner_left;
	int64_t program = 0;

	if (!NLMSG_OK(message, bytes) || message->nlmsg_type != RTM_NEWLINK)
		return -1;
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		if ((attribute->rta_type & NLA_TYPE_MASK) != IFLA_XDP)
			continue;
		inner = RTA_DATA(attribute);
		inner_left = (int)RTA_PAYLOAD(attribute);
		for (; RTA_OK(inner, inner_left); inner = RTA_NEXT(inner, inner_left))
			if (inner->rta_type == IFLA_XDP_PROG_ID && RTA_PAYLOAD(inner) >= 4)
				program = *(const uint32_t *)RTA_DATA(inner);
	}
	return program;
}

static int64_t query_program(unsigned int index)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = {
		.header = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST },
		.link = { .ifi_index = (int)index },
	};
	static char answer[32768] __attribute__((aligned(8)));
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int64_t program = -1;
	ssize_t bytes;

	if (fd < 0)
		return -1;
	if (send(fd, &request, sizeof(request), 0) == (ssize_t)sizeof(request)) {
		bytes = recv(fd, answer, sizeof(answer), 0);
		if (bytes > 0)
			program = program_of((const struct nlmsghdr *)answer, (size_t)bytes);
	}
	close(fd);
	return program;
}

static long call_bpf(int command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

enum dp_attached dp_attached_query(const char *interface)
{
	int64_t program = query_program(if_nametoindex(interface));
	struct bpf_prog_info info = { 0 };
	union bpf_attr attributes;
	long fd;

	if (program <= 0)
		return program ? DP_ATTACHED_UNKNOWN : DP_ATTACHED_NONE;
	memset(&attributes, 0, sizeof(attributes));
	attributes.prog_id = (uint32_t)program;
	fd = call_bpf(BPF_PROG_GET_FD_BY_ID, &attributes);
	if (fd < 0)
		return DP_ATTACHED_UNKNOWN;
	memset(&attributes, 0, sizeof(attributes));
	attributes.info.bpf_fd = (uint32_t)fd;
	attributes.info.info_len = sizeof(info);
	attributes.info.info = (uint64_t)(uintptr_t)&info;
	if (call_bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes))
		info.name[0] = 0;
	close((int)fd);
	if (!info.name[0])
		return DP_ATTACHED_UNKNOWN;
	return strcmp(info.name, DP_PROGRAM_NAME) ? DP_ATTACHED_OTHER : DP_ATTACHED_OURS;
}

static int check_interface(const char *interface, int strict, struct dp_error *error)
{
	if (!if_nametoindex(interface))
		return dp_fail(error, -ENODEV, "interface %s does not exist", interface);
	switch (dp_attached_query(interface)) {
	case DP_ATTACHED_NONE:
		if (strict)
			return dp_fail(error, -ENODEV, "%s has no XDP program attached: poised must attach one first",
				       interface);
		dp_log("%s has no XDP program: libxdp will attach its own, which takes every packet", interface);
		return 0;
	case DP_ATTACHED_OTHER:
		dp_log("%s has an XDP program that is not Poise's: the driver may refuse it", interface);
		return 0;
	default:
		return 0;
	}
}

int dp_attached_check(int count, char **arguments, int strict, struct dp_error *error)
{
	for (int i = 0; i < count; i++) {
		const char *device = strstr(arguments[i], "net_af_xdp");
		const char *name = device ? strstr(device, ",iface=") : NULL;
		char interface[IFNAMSIZ];
		size_t length;
		int code;

		if (!name)
			continue;
		name += strlen(",iface=");
		length = strcspn(name, ",");
		if (!length || length >= sizeof(interface))
			return dp_fail(error, -ENODEV, "no interface can have the name \"%.64s\"", name);
		memcpy(interface, name, length);
		interface[length] = 0;
		code = check_interface(interface, strict, error);
		if (code)
			return code;
	}
	return 0;
}
