// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// poise-dataplane: starts up, then serves cold work on the main lcore until it is told to end.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_log.h>
#include <rte_errno.h>

#include "attached.h"
#include "control.h"
#include "report.h"

#define DP_SYNC_MS 100	 // between two measurements of the clock
#define DP_INSIDE_TURNS 64 // turns of the worker on the main lcore between two looks at the time

struct dp_main {
	struct dp_dataplane dataplane;
	struct dp_control control;
	int signals;
	uint64_t synced_ms;
	uint64_t received;    // packets at the last look
	uint64_t received_ms; // when that number last changed
	int status;	      // of the process
	bool ended;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / DP_NS_PER_MS;
}

// Before EAL, whose threads inherit the mask: only the main lcore hears of signals, by descriptor.
static int take_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); // a terminal that closes must not take the traffic with it
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int start_eal(const struct dp_options *options, struct dp_error *error)
{
	FILE *stream = dp_log_stream();

	if (stream)
		rte_openlog_stream(stream);
	if (rte_eal_init(options->eal_count, options->eal) < 0)
		return dp_fail(error, -rte_errno, "DPDK cannot start: %s", rte_strerror(rte_errno));
	return 0;
}

// With --snapshot: everything is there, go.
static int start_alone(struct dp_main *self, struct poise_snapshot *snapshot, struct dp_error *error)
{
	bool fatal;
	int code = dp_dataplane_create_table(&self->dataplane, error);

	if (!code)
		code = dp_dataplane_use(&self->dataplane, snapshot, &fatal, error);
	if (code)
		dp_snapshot_free(snapshot);
	return code;
}

static void check_idle(struct dp_main *self, uint64_t now)
{
	uint64_t received;

	if (!self->dataplane.options.exit_idle_ms || !self->dataplane.running) {
		self->received_ms = now;
		return;
	}
	received = dp_stats_received(&self->dataplane.stats);
	if (received != self->received) {
		self->received = received;
		self->received_ms = now;
	} else if (now - self->received_ms >= self->dataplane.options.exit_idle_ms) {
		self->ended = true;
	}
}

// Everything that is not a packet. Waits up to `timeout` ms for something to do.
static void do_cold_work(struct dp_main *self, int timeout)
{
	struct pollfd waiting[3] = {
		{ .fd = self->signals, .events = POLLIN },
		{ .fd = self->control.listener, .events = POLLIN },
		{ .fd = self->control.peer, .events = POLLIN },
	};
	uint64_t now;

	poll(waiting, 3, timeout);
	now = now_ms();
	if (waiting[0].revents)
		self->ended = true;
	if (waiting[1].revents | waiting[2].revents) {
		switch (dp_control_serve(&self->control)) {
		case DP_CONTROL_FATAL:
			self->status = EXIT_FAILURE;
			self->ended = true;
			break;
		case DP_CONTROL_STOP:
			self->ended = true;
			break;
		case DP_CONTROL_ON:
			break;
		}
	}
	if (now - self->synced_ms >= DP_SYNC_MS) {
		self->synced_ms = now;
		dp_dataplane_sync(&self->dataplane);
		dp_control_keep(&self->control);
	}
	check_idle(self, now);
}

static void run(struct dp_main *self)
{
	uint32_t idle_ms = self->dataplane.options.exit_idle_ms;
	int timeout = DP_SYNC_MS;
	uint64_t looked = 0;

	if (idle_ms && idle_ms / 4 < DP_SYNC_MS)
		timeout = idle_ms / 4 ? (int)(idle_ms / 4) : 1;
	self->received_ms = self->synced_ms = now_ms();
	while (!self->ended) {
		if (!self->dataplane.inside || !self->dataplane.running) {
			do_cold_work(self, timeout);
			continue;
		}
		for (int turn = 0; turn < DP_INSIDE_TURNS; turn++)
			if (!dp_worker_turn(self->dataplane.workers[0]))
				break;
		if (rte_rdtsc() - looked < rte_get_tsc_hz() / 1000)
			continue;
		looked = rte_rdtsc();
		do_cold_work(self, 0);
	}
}

static void write_report(struct dp_main *self)
{
	const struct dp_dataplane *dataplane = &self->dataplane;
	struct dp_error error;

	if (dp_report_write(dataplane->options.stats_json, &dataplane->stats, dataplane->snapshot,
			    dataplane->memory.base ? &dataplane->memory.table : NULL, &error)) {
		dp_log("%s", error.text);
		self->status = EXIT_FAILURE;
	}
}

// EAL is up: the ladder's upper half.
static int run_with_eal(struct dp_main *self, struct poise_snapshot *snapshot, struct dp_error *error)
{
	int code = dp_dataplane_init(&self->dataplane, error);

	if (code)
		dp_snapshot_free(snapshot);
	else if (snapshot)
		code = start_alone(self, snapshot, error);
	if (!code) {
		run(self);
		dp_dataplane_stop(&self->dataplane);
		if (self->dataplane.options.stats_json)
			write_report(self);
	}
	dp_dataplane_fini(&self->dataplane);
	return code;
}

static int run_all(struct dp_main *self, struct dp_error *error)
{
	const struct dp_options *options = &self->dataplane.options;
	struct poise_snapshot *snapshot = NULL;
	int code = 0;

	if (options->snapshot)
		code = dp_snapshot_load(options->snapshot, &snapshot, error);
	if (!code)
		code = dp_control_init(&self->control, &self->dataplane, error);
	if (code)
		goto free_snapshot;
	code = dp_attached_check(options->eal_count, options->eal, options->control != NULL, error);
	if (code)
		goto close_control;
	code = start_eal(options, error);
	if (code)
		goto close_control;
	code = run_with_eal(self, snapshot, error);
	snapshot = NULL;
	dp_control_fini(&self->control);
	rte_eal_cleanup();
	rmdir(rte_eal_get_runtime_dir()); // it is empty unless EAL shared its configuration
	return code;
close_control:
	dp_control_fini(&self->control);
free_snapshot:
	dp_snapshot_free(snapshot);
	return code;
}

int main(int argc, char **argv)
{
	static struct dp_main self;
	struct dp_error error = { .text = "" };

	switch (dp_options_parse(&self.dataplane.options, argc, argv)) {
	case DP_OPTIONS_DONE:
		return EXIT_SUCCESS;
	case DP_OPTIONS_USAGE:
		return 2;
	case DP_OPTIONS_RUN:
		break;
	}
	self.signals = take_signals();
	if (self.signals < 0 || run_all(&self, &error)) {
		dp_log("%s", error.text[0] ? error.text : strerror(errno));
		self.status = EXIT_FAILURE;
	}
	dp_options_fini(&self.dataplane.options);
	return self.status;
}
