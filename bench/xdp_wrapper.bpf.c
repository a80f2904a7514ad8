// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Copyright (c) 2026 The Poise authors
//
// bpf_prog_test_run repeats a program on what the run before made of the frame. This one writes the next
// frame of a list first and goes on to the program under measurement, or to one that does nothing: the
// difference is the cost.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "xdp_wrapper.h"

struct xdp_frame_words {
	__u64 words[XDP_WRAPPER_FRAME / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct xdp_frame_words);
} frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct xdp_wrapper_list);
} list SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

SEC("xdp")
int wrapper(struct xdp_md *context)
{
	__u64 *data = (void *)(long)context->data;
	struct xdp_wrapper_list *position;
	struct xdp_frame_words *frame;
	__u32 zero = 0, next;

	position = bpf_map_lookup_elem(&list, &zero);
	if (!position)
		return XDP_ABORTED;
	next = position->next;
	position->next = next + 1 < position->length ? next + 1 : 0;
	frame = bpf_map_lookup_elem(&frames, &next);
	if (!frame || (void *)((struct xdp_frame_words *)data + 1) > (void *)(long)context->data_end)
		return XDP_ABORTED;
#pragma clang loop unroll(full)
	for (int i = 0; i < XDP_WRAPPER_FRAME / 8; i++)
		data[i] = frame->words[i];
	bpf_tail_call(context, &target, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int empty(struct xdp_md *context)
{
	return XDP_REDIRECT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
