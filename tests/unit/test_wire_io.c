// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What poised reads from the dataplane's socket: only whole answers of our kind come in, at most one descriptor with
// each, and none is left open by what is refused.
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "wire_io.h"

static int ends[2]; // dataplane's, poised's

static void begin(void)
{
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static void end(void)
{
	close(ends[0]);
	close(ends[1]);
}

// The number that the next descriptor gets: equal when nothing was left open.
static int next(void)
{
	int fd = dup(ends[0]);

	close(fd);
	return fd;
}

static void send_with(const void *bytes, size_t length, const int *descriptors, size_t count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control = { 0 };
	struct iovec vector = { .iov_base = (void *)(size_t)bytes, .iov_len = length };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

	if (count) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), descriptors, count * sizeof(int));
	}
	CU_ASSERT_EQUAL(sendmsg(ends[0], &message, 0), (ssize_t)length);
}

static struct poise_wire_result result(void)
{
	return (struct poise_wire_result){
		.header = { POISE_WIRE_MAGIC, POISE_ABI_VERSION, POISE_WIRE_RESULT, sizeof(struct poise_wire_result), 7 },
		.generation = 3,
	};
}

static void sends_what_the_other_end_asks(void)
{
	union cp_wire_message message = { .snapshot.generation = 9 }, got;

	begin();
	CU_ASSERT_EQUAL(cp_wire_send(ends[1], &message, POISE_WIRE_SNAPSHOT, sizeof(message.snapshot), 5, -1), 0);
	CU_ASSERT_EQUAL(recv(ends[0], &got, sizeof(got), 0), sizeof(got.snapshot));
	CU_ASSERT(got.header.magic == POISE_WIRE_MAGIC && got.header.abi_version == POISE_ABI_VERSION);
	CU_ASSERT(got.header.type == POISE_WIRE_SNAPSHOT && got.header.length == sizeof(got.snapshot));
	CU_ASSERT(got.header.request == 5 && got.snapshot.generation == 9);
	CU_ASSERT_EQUAL(cp_wire_send(ends[1], &message, POISE_WIRE_HELLO, sizeof(message.header), 1, 9999), -EBADF);
	close(ends[0]);
	CU_ASSERT_EQUAL(cp_wire_send(ends[1], &message, POISE_WIRE_HELLO, sizeof(message.header), 1, -1), -EPIPE);
	close(ends[1]);
}

static void takes_whole_answers(void)
{
	struct poise_wire_result answer = result();
	union cp_wire_message message;
	int fd;

	begin();
	CU_ASSERT_EQUAL(cp_wire_receive(ends[1], &message, &fd), -EAGAIN);
	send_with(&answer, sizeof(answer), NULL, 0);
	CU_ASSERT_EQUAL(cp_wire_receive(ends[1], &message, &fd), 0);
	CU_ASSERT(fd == -1 && message.result.generation == 3 && message.header.request == 7);
	send_with(&answer, sizeof(answer), ends, 1);
	CU_ASSERT_EQUAL(cp_wire_receive(ends[1], &message, &fd), 0);
	CU_ASSERT(fd >= 0);
	close(fd);
	close(ends[0]);
	CU_ASSERT_EQUAL(cp_wire_receive(ends[1], &message, &fd), -EPIPE);
	close(ends[1]);
}

static void refuse(const void *bytes, size_t length, int wanted)
{
	union cp_wire_message message;
	int before = next(), fd;

	send_with(bytes, length, ends, 1);
	CU_ASSERT_EQUAL(cp_wire_receive(ends[1], &message, &fd), wanted);
	CU_ASSERT_EQUAL(fd, -1);
	CU_ASSERT_EQUAL(next(), before);
}

static void refuses_all_else(void)
{
	struct poise_wire_result answer = result();
	struct poise_wire_welcome welcome = { .header = answer.header };
	char large[1000] = { 0 };

	begin();
	refuse("", 0, -EPIPE); // looks like the end
	refuse("x", 1, -EPROTO);
	refuse(&answer, sizeof(answer.header) - 1, -EPROTO);
	refuse(&answer, sizeof(answer) - 1, -EPROTO); // cut
	memcpy(large, &answer, sizeof(answer));
	refuse(large, sizeof(large), -EPROTO);
	answer.header.abi_version++;
	refuse(&answer, sizeof(answer), -EPROTOTYPE);
	answer.header.abi_version--;
	answer.header.magic++;
	refuse(&answer, sizeof(answer), -EPROTO);
	answer.header.magic--;
	answer.header.type = POISE_WIRE_HELLO; // nothing that a dataplane says
	refuse(&answer, sizeof(answer), -EPROTO);
	answer.header.type = 0xffff;
	refuse(&answer, sizeof(answer), -EPROTO);
	welcome.header.length = sizeof(welcome); // of a result's type
	refuse(&welcome, sizeof(welcome), -EPROTO);
	end();
}

static void two_descriptors_are_one_too_many(void)
{
	struct poise_wire_result answer = result();
	union cp_wire_message message;
	int before, fd;

	begin();
	before = next();
	for (size_t count = 2; count <= 4; count++) {
		const int four[4] = { ends[0], ends[1], ends[0], ends[1] };

		send_with(&answer, sizeof(answer), four, count);
		CU_ASSERT_EQUAL(cp_wire_receive(ends[1], &message, &fd), -EPROTO);
		CU_ASSERT_EQUAL(fd, -1);
		CU_ASSERT_EQUAL(next(), before);
	}
	end();
}

static void connects_to_nobody(void)
{
	char path[200];

	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = 0;
	CU_ASSERT_EQUAL(cp_wire_connect(path), -ENAMETOOLONG);
	CU_ASSERT_EQUAL(cp_wire_connect("/nonexistent/socket"), -ENOENT);
	CU_ASSERT_EQUAL(cp_wire_connect("/dev/null"), -ECONNREFUSED);
}

static const struct check_case cases[] = {
	{ "sends what the other end asks", sends_what_the_other_end_asks },
	{ "takes whole answers", takes_whole_answers },
	{ "refuses all else", refuses_all_else },
	{ "two descriptors are one too many", two_descriptors_are_one_too_many },
	{ "connects to nobody", connects_to_nobody },
};

CHECK_MAIN("wire_io", cases)
