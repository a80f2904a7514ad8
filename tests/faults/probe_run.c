// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The client's end: one thread, epoll, a timer of a millisecond that says what is due.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "probe.h"

#define SHORT_LIFE_NS 10000000000ull // a short connection that is not done by then has failed
#define SHORT_MOST 8192u
#define SAMPLES (1u << 20)
#define GAP_NS 10000000ull // what we go for
#define LATE_NS 150000000ull // shorter than a retransmission's timeout: something was lost

struct link {
	int fd; // -1: none
	int is_short;
	uint32_t index;
	uint64_t sent, answered; // messages
	uint64_t born_ns;
	size_t have;
	struct probe_message message;
};

struct span { // since the last mark
	uint64_t begin_ns;
	uint64_t sent, answered, resets, corrupt, late;
	uint64_t requests, requests_failed;
	uint64_t gap_ns, gap_end_ns, gaps, latency_most_ns, request_most_ns; // gaps: those of more than GAP_NS
	uint32_t samples; // of latencies
};

struct probe {
	const struct probe_plan *plan;
	struct sockaddr_in address;
	int epoll;
	struct link *links, *shorts;
	uint32_t next, next_short;
	uint64_t last_answer_ns, begin_ns;
	uint64_t sent, connects;
	struct span span;
	uint64_t latencies[SAMPLES];
};

static int open_link(struct probe *probe, struct link *link)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};
	int one = 1;

	link->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	link->have = 0;
	link->sent = link->answered = 0;
	link->born_ns = probe_now_ns();
	if (link->fd < 0)
		probe_die("probe: socket");
	setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (link->is_short)
		event.events |= EPOLLOUT;
	if (epoll_ctl(probe->epoll, EPOLL_CTL_ADD, link->fd, &event))
		probe_die("probe: epoll");
	if (connect(link->fd, (struct sockaddr *)&probe->address, sizeof(probe->address)) && errno != EINPROGRESS)
		return -1;
	return 0;
}

static void close_link(struct link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}

static int send_message(struct link *link)
{
	struct probe_message message;

	probe_fill(&message, link->index, link->sent, probe_now_ns());
	if (send(link->fd, &message, sizeof(message), MSG_NOSIGNAL) != (ssize_t)sizeof(message))
		return -1;
	link->sent++;
	return 0;
}

// The silence that ends now.
static void note_gap(struct probe *probe, uint64_t now_ns)
{
	uint64_t gap_ns = now_ns - probe->last_answer_ns;

	probe->span.gaps += gap_ns > GAP_NS;
	if (gap_ns <= probe->span.gap_ns)
		return;
	probe->span.gap_ns = gap_ns;
	probe->span.gap_end_ns = now_ns;
}

// Is it the answer that is due? Both count and content have to be right.
static void judge(struct probe *probe, struct link *link, uint64_t now_ns)
{
	const struct probe_message *message = &link->message;
	uint64_t latency_ns;

	if (!probe_whole(message) || message->connection != link->index || message->number != link->answered) {
		probe->span.corrupt++;
		link->answered++;
		return;
	}
	latency_ns = now_ns - message->sent_ns;
	link->answered++;
	if (link->is_short)
		return;
	probe->span.answered++;
	probe->span.late += latency_ns > LATE_NS;
	if (latency_ns > probe->span.latency_most_ns)
		probe->span.latency_most_ns = latency_ns;
	if (probe->span.samples < SAMPLES)
		probe->latencies[probe->span.samples++] = latency_ns;
	note_gap(probe, now_ns);
	probe->last_answer_ns = now_ns;
}

// Returns 0, or -1 when the connection has ended.
static int receive(struct probe *probe, struct link *link)
{
	for (;;) {
		ssize_t got = recv(link->fd, (uint8_t *)&link->message + link->have,
				   sizeof(link->message) - link->have, 0);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (got <= 0)
			return -1;
		link->have += (size_t)got;
		if (link->have < sizeof(link->message))
			continue;
		link->have = 0;
		judge(probe, link, probe_now_ns());
	}
}

static void end_short(struct probe *probe, struct link *link, int good)
{
	uint64_t life_ns = probe_now_ns() - link->born_ns;

	probe->span.requests++;
	probe->span.requests_failed += !good;
	if (life_ns > probe->span.request_most_ns)
		probe->span.request_most_ns = life_ns;
	close_link(link);
}

static void serve_short(struct probe *probe, struct link *link, uint32_t events)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};
	int gone = 0;

	if (events & EPOLLOUT && !link->sent) {
		epoll_ctl(probe->epoll, EPOLL_CTL_MOD, link->fd, &event);
		gone = send_message(link);
	}
	if (!gone && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		gone = receive(probe, link);
	if (gone || link->answered)
		end_short(probe, link, link->answered == 1);
}

static void serve_long(struct probe *probe, struct link *link)
{
	if (receive(probe, link) == 0)
		return;
	probe->span.resets++;
	close_link(link);
	open_link(probe, link);
}

// What is due by now: messages and connections at their rates.
static void tick(struct probe *probe)
{
	uint64_t now_ns = probe_now_ns(), passed_ns = now_ns - probe->begin_ns;
	uint64_t due = passed_ns / 1000 * probe->plan->messages_s / 1000000;
	uint64_t due_connects = passed_ns / 1000 * probe->plan->connects_s / 1000000;

	for (; probe->sent < due; probe->sent++) {
		struct link *link = &probe->links[probe->next++ % probe->plan->connections];

		if (link->fd >= 0 && send_message(link) == 0)
			probe->span.sent++;
	}
	for (; probe->connects < due_connects; probe->connects++) {
		struct link *link = &probe->shorts[probe->next_short++ % SHORT_MOST];

		if (link->fd >= 0)
			end_short(probe, link, 0); // of the time of SHORT_MOST connections ago
		link->index = probe->next_short;
		if (open_link(probe, link))
			end_short(probe, link, 0);
	}
	for (uint32_t i = 0; i < SHORT_MOST; i++)
		if (probe->shorts[i].fd >= 0 && probe->shorts[i].born_ns + SHORT_LIFE_NS < now_ns)
			end_short(probe, &probe->shorts[i], 0);
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static double percentile_ms(struct probe *probe, double share)
{
	uint32_t count = probe->span.samples;

	return count ? (double)probe->latencies[(uint32_t)(share * (count - 1))] / 1e6 : 0;
}

static void mark(struct probe *probe, const char *name)
{
	struct span *span = &probe->span;
	uint64_t now_ns = probe_now_ns(), open = 0, waiting = 0;

	note_gap(probe, now_ns);
	for (uint32_t i = 0; i < probe->plan->connections; i++) {
		open += probe->links[i].answered > 0;
		waiting += probe->links[i].sent - probe->links[i].answered;
	}
	qsort(probe->latencies, span->samples, sizeof(*probe->latencies), compare);
	printf("{\"event\":\"%s\",\"seconds\":%.1f,\"connections\":%llu,\"sent\":%llu,\"answered\":%llu,"
	       "\"waiting\":%llu,\"resets\":%llu,\"corrupt\":%llu,\"late\":%llu,\"requests\":%llu,"
	       "\"requests_failed\":%llu,",
	       name, (double)(now_ns - span->begin_ns) / 1e9, (unsigned long long)open,
	       (unsigned long long)span->sent, (unsigned long long)span->answered, (unsigned long long)waiting,
	       (unsigned long long)span->resets, (unsigned long long)span->corrupt, (unsigned long long)span->late,
	       (unsigned long long)span->requests, (unsigned long long)span->requests_failed);
	printf("\"gap_ms\":%.1f,\"gap_end_s\":%.3f,\"gaps\":%llu,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"most_ms\":%.1f,"
	       "\"request_most_ms\":%.1f}\n",
	       (double)span->gap_ns / 1e6,
	       span->gap_end_ns ? (double)(span->gap_end_ns - span->begin_ns) / 1e9 : 0,
	       (unsigned long long)span->gaps, percentile_ms(probe, 0.5), percentile_ms(probe, 0.99),
	       (double)span->latency_most_ns / 1e6, (double)span->request_most_ns / 1e6);
	fflush(stdout);
	*span = (struct span){.begin_ns = now_ns};
}

// Returns 0 at the end of the input.
static int command(struct probe *probe)
{
	static char line[128];
	static size_t have;
	ssize_t got = read(STDIN_FILENO, line + have, sizeof(line) - 1 - have);
	char *end;

	if (got <= 0)
		return 0;
	have += (size_t)got;
	line[have] = '\0';
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		if (strncmp(line, "mark ", 5) == 0)
			mark(probe, line + 5);
		have -= (size_t)(end + 1 - line);
		memmove(line, end + 1, have + 1);
	}
	return 1;
}

static void prepare(struct probe *probe)
{
	const struct probe_plan *plan = probe->plan;
	struct rlimit files = {16384, 16384};

	setrlimit(RLIMIT_NOFILE, &files);
	probe->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(plan->port)};
	if (inet_pton(AF_INET, plan->address, &probe->address.sin_addr) != 1)
		probe_die("probe: address");
	probe->links = calloc(plan->connections, sizeof(*probe->links));
	probe->shorts = calloc(SHORT_MOST, sizeof(*probe->shorts));
	probe->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!probe->links || !probe->shorts || probe->epoll < 0)
		probe_die("probe: memory");
	for (uint32_t i = 0; i < SHORT_MOST; i++)
		probe->shorts[i] = (struct link){.fd = -1, .is_short = 1};
	for (uint32_t i = 0; i < plan->connections; i++) {
		probe->links[i].index = i;
		if (open_link(probe, &probe->links[i]))
			probe_die("probe: connect");
	}
	probe->begin_ns = probe->last_answer_ns = probe->span.begin_ns = probe_now_ns();
}

int probe_run(const struct probe_plan *plan)
{
	static struct probe probe;
	struct itimerspec every = {{0, 1000000}, {0, 1000000}};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN}, events[256];

	probe.plan = plan;
	prepare(&probe);
	event.data.ptr = &timer;
	if (timer < 0 || timerfd_settime(timer, 0, &every, NULL) ||
	    epoll_ctl(probe.epoll, EPOLL_CTL_ADD, timer, &event))
		probe_die("probe: timer");
	event.data.ptr = NULL;
	if (epoll_ctl(probe.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event))
		probe_die("probe: standard input");
	for (;;) {
		int count = epoll_wait(probe.epoll, events, 256, -1);

		for (int i = 0; i < count; i++) {
			struct link *link = events[i].data.ptr;
			uint64_t turns;

			if (!link) {
				if (!command(&probe))
					return 0;
			} else if (events[i].data.ptr == &timer) {
				if (read(timer, &turns, sizeof(turns)) > 0)
					tick(&probe);
			} else if (link->fd >= 0 && link->is_short) {
				serve_short(&probe, link, events[i].events);
			} else if (link->fd >= 0) {
				serve_long(&probe, link);
			}
		}
	}
}
