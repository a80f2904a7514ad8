// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// libFuzzer: messages between poised and the dataplane, through real sockets and into both readers, with memfds that
// hold a damaged snapshot or a damaged flow table. What a reader takes must be whole and safe to index, what it
// refuses must have a reason, and no descriptor may be left.
//
// An input is any number of: a byte (bits 0-1: descriptors, bits 2-3: what they are, bit 4: which reader, bit 5: a
// sound header is put in front), the length in a byte, the message. The bytes of the message are also the damage:
// four bytes where, one byte what. POISE_FUZZ_SNAPSHOT names a file of `poised --compile`.
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "live.h"
#include "memory.h"
#include "packet_check.h"
#include "socket.h"
#include "wire_io.h"

#define FLOWS 1u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct poise_snapshot *good;
static void *table;
static size_t table_bytes;
static int pair[2];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *file = getenv("POISE_FUZZ_SNAPSHOT");
	struct dp_error error = { .text = "POISE_FUZZ_SNAPSHOT is not set" };
	struct dp_memory memory = { 0 };

	if (!file || dp_snapshot_load(file, &good, &error) || dp_memory_create(&memory, FLOWS, &error)) {
		fprintf(stderr, "%s\n", error.text);
		exit(1);
	}
	table = memory.base;
	table_bytes = memory.bytes;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair);
}

// A memfd of `bytes` bytes like `original`, damaged. Small sizes of change keep most of it believable.
static int damaged(const void *original, size_t bytes, const uint8_t *data, size_t size, bool seal)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	uint32_t at;

	MUST(fd >= 0 && write(fd, original, bytes) == (ssize_t)bytes);
	for (; size >= 5; data += 5, size -= 5) {
		memcpy(&at, data, 4);
		MUST(pwrite(fd, data + 4, 1, at % (bytes + 1)) == 1);
	}
	if (seal)
		fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
	return fd;
}

static int descriptor(unsigned int kind, const uint8_t *data, size_t size)
{
	switch (kind) {
	case 0:
		return damaged(good, sizeof(*good), data, size, true);
	case 1:
		return damaged(table, table_bytes, data, size, false);
	case 2:
		return damaged(good, sizeof(*good), data, size, false);
	default:
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
}

static void send_message(const uint8_t *message, size_t length, const int *descriptors, size_t count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(3 * sizeof(int))];
	} control = { 0 };
	struct iovec part = { .iov_base = (void *)(size_t)message, .iov_len = length };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };

	if (count) {
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.align), descriptors, count * sizeof(int));
	}
	MUST(sendmsg(pair[0], &header, MSG_NOSIGNAL) == (ssize_t)length);
}

// A snapshot that was taken can be indexed whichever way a packet would.
static void use_snapshot(const struct poise_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->vips_count; i++) {
		const struct poise_vip *vip = &snapshot->vips[i];
		uint16_t found = poise_vip_find(snapshot, vip->address, vip->port);
		struct poise_cursor cursor = { .next = ~0ull - 1 };
		const struct poise_key key = { .src = 0x01020304, .src_port = 0x0506 };

		MUST(found == POISE_NONE16 || found < snapshot->vips_count);
		for (uint32_t turn = 0; vip->slot_count && turn < 4; turn++)
			MUST(poise_pick(snapshot, vip, &cursor, &key, turn) < snapshot->backends_count);
		poise_route_find(snapshot, vip->address);
	}
}

// The ends of every area are there.
static void touch(const struct poise_table *attached)
{
	static uint8_t seen;

	for (uint32_t s = 0; s < POISE_SHARDS; s++) {
		struct poise_place last = { .shard = s, .signature = 0xffff };

		last.bucket = attached->buckets_per_shard - 1;
		last.home = attached->bucket_first + (s + 1) * attached->buckets_per_shard - 1;
		for (uint32_t probe = 0; probe < POISE_PROBE_MAX; probe++)
			seen += (uint8_t)poise_bucket(attached, &last, probe)->overflow;
		seen += (uint8_t)poise_shard(attached, s)->used;
		seen += poise_record(attached, (s + 1) * attached->records_per_shard)->state;
	}
	__asm__ volatile("" ::"r"(seen)); // the compiler must not leave the loads out
}

static void take(const union dp_message *message, int fd)
{
	struct poise_snapshot *snapshot = NULL;
	struct dp_error error = { .text = "" };
	struct dp_memory memory = { 0 };

	if (message->header.type == POISE_WIRE_SNAPSHOT && fd >= 0) {
		if (dp_snapshot_take(fd, &snapshot, &error))
			MUST(error.text[0] && !snapshot);
		else
			use_snapshot(snapshot);
		dp_snapshot_free(snapshot);
	} else if (message->header.type == POISE_WIRE_TABLE && fd >= 0) {
		if (dp_memory_map(&memory, fd, message->table.bytes, &error)) {
			MUST(error.text[0] && !memory.base);
			return;
		}
		MUST((uint64_t)memory.table.lines * POISE_LINE_SIZE <= memory.bytes);
		touch(&memory.table);
		dp_memory_fini(&memory);
	}
}

static void read_as_dataplane(void)
{
	struct dp_error error = { .text = "" };
	union dp_message message;
	int fd, code = dp_socket_receive(pair[1], &message, &fd, &error);

	MUST(!code || code == -EPROTO || code == -EPIPE); // an empty datagram is like the end
	if (code) {
		MUST(fd < 0 && (code == -EPIPE || error.text[0]));
		return;
	}
	MUST(message.header.magic == POISE_WIRE_MAGIC && message.header.abi_version == POISE_ABI_VERSION);
	MUST(message.header.length <= sizeof(message));
	take(&message, fd);
	if (fd >= 0)
		close(fd);
}

static void read_as_poised(void)
{
	union cp_wire_message message;
	int fd, code = cp_wire_receive(pair[1], &message, &fd);

	MUST(!code || code == -EPROTO || code == -EPROTOTYPE || code == -EPIPE);
	MUST(!code || fd < 0);
	if (fd >= 0)
		close(fd);
}

static void one_message(uint8_t what, const uint8_t *data, size_t length)
{
	uint8_t bytes[300];
	size_t count = what & 3;
	int fds[3];

	memcpy(bytes, data, length);
	if (what & 0x20) {
		struct poise_wire_snapshot sound = {
			.header = { POISE_WIRE_MAGIC, POISE_ABI_VERSION,
				    what & 4 ? POISE_WIRE_TABLE : POISE_WIRE_SNAPSHOT, sizeof(sound), 1 },
			.generation = table_bytes, // or the table's size: it is at the same place
		};

		memcpy(bytes, &sound, sizeof(sound));
	}
	for (size_t i = 0; i < count; i++)
		fds[i] = descriptor(what >> 2 & 3, data, length);
	send_message(bytes, what & 0x20 ? sizeof(struct poise_wire_snapshot) : length, fds, count);
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	if (what & 0x10)
		read_as_poised();
	else
		read_as_dataplane();
}

static int next_descriptor(void)
{
	int fd = dup(pair[0]);

	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int before = next_descriptor();

	while (size > 2) {
		size_t length = data[1];
		uint8_t what = data[0];

		data += 2;
		size -= 2;
		if (length > size)
			length = size;
		one_message(what, data, length);
		data += length;
		size -= length;
	}
	MUST(next_descriptor() == before);
	return 0;
}
