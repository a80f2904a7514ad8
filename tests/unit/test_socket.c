// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The dataplane's door: one instance a path, dead ones replaced, and only whole messages of our kind let in.
#include "socket.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"

static char directory[] = P_tmpdir "/poise-test-XXXXXX";
static char path[64];

static void begin(void)
{
	memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
	CU_ASSERT_PTR_NOT_NULL(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/door", directory);
}

static void end(void)
{
	unlink(path);
	CU_ASSERT_EQUAL(rmdir(directory), 0); // nothing else was left there
}

static int call(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	CU_ASSERT_EQUAL(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void one_claim_a_path(void)
{
	struct dp_error error = { .text = "" };
	int first, second;
	char other[80];

	begin();
	first = dp_socket_claim(path, &error);
	CU_ASSERT(first >= 0);
	CU_ASSERT_EQUAL(access(path, F_OK), -1); // no file that somebody could remove
	CU_ASSERT_EQUAL(dp_socket_claim(path, &error), -EADDRINUSE);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.text, path));
	snprintf(other, sizeof(other), "%s2", path);
	second = dp_socket_claim(other, &error);
	CU_ASSERT(second >= 0); // of another socket in the same directory
	close(second);
	close(first);
	second = dp_socket_claim(path, &error);
	CU_ASSERT(second >= 0);
	close(second);
	CU_ASSERT_EQUAL(dp_socket_claim("/nonexistent/directory/socket", &error), -ENOENT);
	end();
}

static void one_instance_a_path(void)
{
	struct dp_error error;
	struct stat status;
	int first, second;

	begin();
	first = dp_socket_listen(path, &error);
	CU_ASSERT(first >= 0);
	CU_ASSERT_EQUAL(stat(path, &status), 0);
	CU_ASSERT_EQUAL(status.st_mode & 0777, 0660);
	CU_ASSERT_EQUAL(dp_socket_listen(path, &error), -EADDRINUSE);
	close(first); // as if killed: the file stays
	second = dp_socket_listen(path, &error);
	CU_ASSERT(second >= 0);
	close(second);
	end();
}

static void refuses_strange_paths(void)
{
	struct dp_error error;
	char longest[200];
	FILE *file;

	begin();
	file = fopen(path, "w");
	fclose(file);
	CU_ASSERT_EQUAL(dp_socket_listen(path, &error), -EEXIST); // somebody's file is not ours to remove
	CU_ASSERT_EQUAL(access(path, F_OK), 0);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = 0;
	CU_ASSERT_EQUAL(dp_socket_listen(longest, &error), -ENAMETOOLONG);
	CU_ASSERT_EQUAL(dp_socket_listen("", &error), -ENAMETOOLONG);
	CU_ASSERT_EQUAL(dp_socket_listen("/nonexistent/door", &error), -ENOENT);
	end();
}

static int receive(int peer, union dp_message *message, int *fd)
{
	struct dp_error error;

	return dp_socket_receive(peer, message, fd, &error);
}

static struct poise_wire_header header(uint16_t type, uint16_t length)
{
	return (struct poise_wire_header){ POISE_WIRE_MAGIC, POISE_ABI_VERSION, type, length, 1 };
}

static void lets_whole_messages_in(void)
{
	struct poise_wire_table table = { header(POISE_WIRE_TABLE, sizeof(table)), 640 };
	struct poise_wire_header wrong;
	struct dp_error error;
	union dp_message message;
	int listener, peer, caller, fd, brought;
	char large[1000] = { 0 };

	begin();
	listener = dp_socket_listen(path, &error);
	CU_ASSERT_EQUAL(dp_socket_accept(listener, &error), -EAGAIN);
	caller = call();
	peer = dp_socket_accept(listener, &error);
	CU_ASSERT(peer >= 0);
	CU_ASSERT_EQUAL(receive(peer, &message, &fd), -EAGAIN);
	CU_ASSERT_EQUAL(dp_socket_send(caller, &table, sizeof(table), caller), 0);
	CU_ASSERT_EQUAL(receive(peer, &message, &fd), 0);
	CU_ASSERT_EQUAL(message.table.bytes, 640);
	CU_ASSERT(fd >= 0);
	close(fd);
	CU_ASSERT_EQUAL(dp_socket_send(caller, &table, sizeof(table) - 8, -1), 0);
	CU_ASSERT_EQUAL(receive(peer, &message, &fd), -EPROTO);
	CU_ASSERT_EQUAL(dp_socket_send(caller, "x", 1, caller), 0); // the descriptor is closed again
	CU_ASSERT_EQUAL(receive(peer, &message, &fd), -EPROTO);
	CU_ASSERT_EQUAL(fd, -1);
	fd = dup(caller);
	CU_ASSERT_EQUAL(dp_socket_send(caller, "", 0, caller), 0); // an empty one looks like the end, and brings one too
	CU_ASSERT_EQUAL(receive(peer, &message, &brought), -EPIPE);
	CU_ASSERT_EQUAL(brought, -1);
	close(fd);
	CU_ASSERT_EQUAL(dup(caller), fd); // the lowest number is free again
	close(fd);
	wrong = header(POISE_WIRE_RESULT, sizeof(wrong));
	CU_ASSERT_EQUAL(dp_socket_send(caller, &wrong, sizeof(wrong), -1), 0);
	CU_ASSERT_EQUAL(receive(peer, &message, &fd), -EPROTO);
	wrong = header(POISE_WIRE_HELLO, sizeof(wrong));
	wrong.magic++;
	CU_ASSERT_EQUAL(dp_socket_send(caller, &wrong, sizeof(wrong), -1), 0);
	CU_ASSERT_EQUAL(receive(peer, &message, &fd), -EPROTO);
	wrong.magic--;
	wrong.abi_version++;
	CU_ASSERT_EQUAL(dp_socket_send(caller, &wrong, sizeof(wrong), -1), 0);
	CU_ASSERT_EQUAL(receive(peer, &message, &fd), -EPROTO);
	wrong = header(POISE_WIRE_HELLO, sizeof(large));
	memcpy(large, &wrong, sizeof(wrong));
	CU_ASSERT_EQUAL(dp_socket_send(caller, large, sizeof(large), -1), 0);
	CU_ASSERT_EQUAL(receive(peer, &message, &fd), -EPROTO);
	close(caller);
	CU_ASSERT_EQUAL(receive(peer, &message, &fd), -EPIPE);
	close(peer);
	close(listener);
	end();
}

static const struct check_case cases[] = {
	{ "one claim a path", one_claim_a_path },
	{ "one instance a path", one_instance_a_path },
	{ "strange paths are refused", refuses_strange_paths },
	{ "only whole messages come in", lets_whole_messages_in },
};

CHECK_MAIN("socket", cases)
