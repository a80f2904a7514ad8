// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// A dataplane that is killed or crashes gets its signal long before its sockets are gone: its memory is given back
// first, or a core is written. One that is stopped keeps them. Here the signal itself ends its heartbeat, so that the
// very next packet is balanced by the XDP program and not put into a ring that nobody empties. Where this cannot be
// had, the late heartbeat does the same a few milliseconds later.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <poise/abi.h>

static __always_inline void *signal_line(__u32 line);
#define POISE_TABLE_LINE(table, line) signal_line(line)

#include <poise/table.h>

// The flow table, of which the heartbeats are a part. poised gives its own.
struct poise_line {
	__u64 words[POISE_LINE_SIZE / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct poise_line);
} poise_flows SEC(".maps");

static __always_inline void *signal_line(__u32 line)
{
	return bpf_map_lookup_elem(&poise_flows, &line);
}

// Signals that end a process or stop it: SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGSEGV, SIGSTOP, SIGSYS.
#define DEADLY (1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 9 | 1u << 11 | 1u << 19 | 1u << 31)

// One thread gets the signal, and workers beat on until the kernel has reached them too. A process that handles the
// signal after all is taken for alive again when this is over.
#define GRACE_NS 1000000

// Is it the current process that beats here? By its own pid namespace, whichever poised lives in: containers have one
// each, and a number alone names many processes.
static __always_inline int is_current(const struct poise_heartbeat *heart)
{
	__u32 process = POISE_LOAD(heart->process);
	struct bpf_pidns_info current = {};

	return process &&
	       !bpf_get_ns_current_pid_tgid(POISE_LOAD(heart->namespace_device), POISE_LOAD(heart->namespace_inode),
					    &current, sizeof(current)) &&
	       current.tgid == process;
}

// Arguments: the signal, what is known of it, what the process does about it. Runs in the thread that gets it.
SEC("raw_tp/signal_deliver")
int poise_signal(struct bpf_raw_tracepoint_args *context)
{
	const struct poise_table_header *header = signal_line(0);
	struct poise_heartbeat *heart;
	__u64 signal = context->args[0];
	struct poise_table table = {};

	if (!header || header->magic != POISE_TABLE_MAGIC || signal > 31 || !(DEADLY >> signal & 1))
		return 0;
	table.gate_first = header->gate_first;
	for (__u32 worker = 0; worker < POISE_MAX_WORKERS; worker++) {
		heart = poise_heartbeat(&table, worker);
		if (heart && is_current(heart))
			POISE_STORE(heart->last_ns, POISE_LOAD(heart->beat_ns) + GRACE_NS);
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
