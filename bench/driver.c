// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// driver MAX_FLOWS SNAPSHOT MEMORY: stands for poised in a benchmark. It keeps a flow table, hands it with
// the snapshot to one poise-dataplane after the other, and tells its counters while it runs. MEMORY is where
// the table lies: bpf (as in production: a mmapable map, pages of 4 KiB), small (memfd, 4 KiB) or huge
// (memfd, 2 MiB).
//
// One command a line, one line of answer:
//   take SOCKET     give table and snapshot to the dataplane that listens there
//   sample          TSC, received, sent, forwarded, created, every other fate, handed over, bytes of table
//   leave           close the connection; the dataplane goes on
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <poise/snapshot.h>
#include <poise/stats.h>
#include <poise/table_setup.h>
#include <poise/wire.h>

#include "flow_map.h"

#define HUGE_PAGE (2ul << 20)

struct driver {
	int table_fd, snapshot_fd, peer;
	size_t table_bytes;
	uint64_t generation;
	const struct poise_stats *stats;
	size_t stats_bytes;
	struct poise_table table;
};

union message {
	struct poise_wire_header header;
	struct poise_wire_welcome welcome;
	struct poise_wire_table table;
	struct poise_wire_snapshot snapshot;
	struct poise_wire_result result;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "driver: %s: %s\n", what, why);
	exit(1);
}

static void make_table(struct driver *driver, uint32_t max_flows, const char *memory)
{
	struct poise_table layout = {0};
	uint32_t lines = poise_table_layout(&layout, max_flows);
	size_t page = strcmp(memory, "huge") ? (size_t)sysconf(_SC_PAGESIZE) : HUGE_PAGE;
	__u64 seed[2];
	void *base;

	driver->table_bytes = ((size_t)lines * POISE_LINE_SIZE + page - 1) / page * page;
	if (!strcmp(memory, "bpf"))
		driver->table_fd = flow_map_create(lines);
	else
		driver->table_fd = memfd_create("bench-flows", page == HUGE_PAGE ? MFD_HUGETLB : 0);
	if (driver->table_fd < 0)
		die("flow table", strerror(errno));
	if (strcmp(memory, "bpf") && ftruncate(driver->table_fd, (off_t)driver->table_bytes))
		die("flow table", strerror(errno));
	// All pages are made now: the dataplane's first packets must not wait for hundreds of megabytes to be zeroed.
	base = mmap(NULL, driver->table_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, driver->table_fd, 0);
	if (base == MAP_FAILED || getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		die("flow table", strerror(errno));
	poise_table_format(&driver->table, base, max_flows, seed);
}

static void load_snapshot(struct driver *driver, const char *path)
{
	static struct poise_snapshot snapshot;
	FILE *file = fopen(path, "re");

	if (!file || fread(&snapshot, sizeof(snapshot), 1, file) != 1)
		die(path, "no snapshot");
	fclose(file);
	driver->generation = snapshot.generation;
	driver->snapshot_fd = memfd_create("bench-snapshot", MFD_ALLOW_SEALING);
	if (driver->snapshot_fd < 0 ||
	    write(driver->snapshot_fd, &snapshot, sizeof(snapshot)) != sizeof(snapshot) ||
	    fcntl(driver->snapshot_fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW))
		die("snapshot", strerror(errno));
}

static void send_message(const struct driver *driver, void *message, size_t length, enum poise_wire_type type,
			 int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {.iov_base = message, .iov_len = length};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	struct poise_wire_header *head = message;

	*head = (struct poise_wire_header){.magic = POISE_WIRE_MAGIC,
					   .abi_version = POISE_ABI_VERSION,
					   .type = (uint16_t)type,
					   .length = (uint16_t)length};
	if (fd >= 0) {
		struct cmsghdr *item = &control.align;

		header.msg_control = &control;
		header.msg_controllen = sizeof(control);
		item->cmsg_level = SOL_SOCKET;
		item->cmsg_type = SCM_RIGHTS;
		item->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(item), &fd, sizeof(fd));
	}
	if (sendmsg(driver->peer, &header, MSG_NOSIGNAL) != (ssize_t)length)
		die("dataplane", strerror(errno));
}

// The next message; a descriptor that comes with it is returned, else -1.
static int receive_message(const struct driver *driver, union message *message)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {.iov_base = message, .iov_len = sizeof(*message)};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = sizeof(control)};
	ssize_t length = recvmsg(driver->peer, &header, MSG_CMSG_CLOEXEC);
	int fd = -1;

	if (length < (ssize_t)sizeof(message->header))
		die("dataplane", length ? strerror(errno) : "closed the connection");
	if (CMSG_FIRSTHDR(&header))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(fd));
	return fd;
}

static void expect_success(const struct driver *driver)
{
	union message message = {0};

	receive_message(driver, &message);
	if (message.header.type != POISE_WIRE_RESULT || message.result.status)
		die("dataplane refuses", message.result.text);
}

// The socket is there a moment before anybody listens at it.
static void connect_to(struct driver *driver, const struct sockaddr_un *address)
{
	const struct timespec rest = {.tv_nsec = 10000000};

	driver->peer = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	for (uint32_t attempt = 0; attempt < 500; attempt++) {
		if (!connect(driver->peer, (const struct sockaddr *)address, sizeof(*address)))
			return;
		if (errno != ECONNREFUSED)
			break;
		nanosleep(&rest, NULL);
	}
	die(address->sun_path, strerror(errno));
}

static void take(struct driver *driver, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	union message message = {0};
	struct stat status;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		die(path, "too long");
	memcpy(address.sun_path, path, strlen(path) + 1);
	connect_to(driver, &address);
	send_message(driver, &message, sizeof(message.header), POISE_WIRE_HELLO, -1);
	fd = receive_message(driver, &message);
	if (fd < 0 || fstat(fd, &status))
		die("dataplane", "no stats page");
	driver->stats_bytes = (size_t)status.st_size;
	driver->stats = mmap(NULL, driver->stats_bytes, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (driver->stats == MAP_FAILED || driver->stats->abi_version != POISE_ABI_VERSION)
		die("stats page", "of another version");
	message.table.bytes = driver->table_bytes;
	send_message(driver, &message, sizeof(message.table), POISE_WIRE_TABLE, driver->table_fd);
	expect_success(driver);
	message.snapshot.generation = driver->generation;
	send_message(driver, &message, sizeof(message.snapshot), POISE_WIRE_SNAPSHOT, driver->snapshot_fd);
	expect_success(driver);
	printf("ok\n");
}

static void leave(struct driver *driver)
{
	if (driver->stats)
		munmap((void *)(uintptr_t)driver->stats, driver->stats_bytes);
	if (driver->peer >= 0)
		close(driver->peer);
	driver->stats = NULL;
	driver->peer = -1;
	printf("ok\n");
}

static void sample(const struct driver *driver)
{
	unsigned long long received = 0, sent = 0, fates = 0, counters[POISE_COUNTERS] = {0};

	if (!driver->stats)
		die("sample", "no dataplane");
	for (uint32_t w = 0; w < driver->stats->workers; w++) {
		const struct poise_stats_worker *worker = &driver->stats->worker[w];

		for (uint32_t c = 0; c < POISE_COUNTERS; c++)
			counters[c] += POISE_LOAD(worker->counters[c]);
		for (uint32_t port = 0; port < POISE_MAX_PORTS; port++) {
			received += POISE_LOAD(worker->ports[port].rx_packets);
			sent += POISE_LOAD(worker->ports[port].tx_packets);
		}
	}
	for (uint32_t c = 1; c < POISE_COUNTERS; c++)
		if (poise_verdict_kind((enum poise_verdict)c) != POISE_KIND_EVENT)
			fates += counters[c];
	printf("%llu %llu %llu %llu %llu %llu %llu %zu\n", (unsigned long long)__rdtsc(), received, sent,
	       counters[POISE_FORWARDED], counters[POISE_FLOW_CREATED], fates, counters[POISE_HANDOFF],
	       driver->table_bytes);
}

int main(int argc, char **argv)
{
	struct driver driver = {.peer = -1};
	char line[256];

	if (argc != 4) {
		fputs("usage: driver MAX_FLOWS SNAPSHOT bpf|small|huge\n", stderr);
		return 2;
	}
	make_table(&driver, (uint32_t)strtoul(argv[1], NULL, 10), argv[3]);
	load_snapshot(&driver, argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("ok\n");
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "take ", 5))
			take(&driver, line + 5);
		else if (!strcmp(line, "sample"))
			sample(&driver);
		else if (!strcmp(line, "leave"))
			leave(&driver);
		else
			die(line, "not a command");
	}
	return 0;
}
