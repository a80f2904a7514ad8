// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What libbpf and the kernel's verifier say while a BPF object is loaded. The verifier may write thousands of lines;
// the last ones say why.
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include <bpf/libbpf.h>

#define CP_BPF_LOG_LINES 12u // kept of the verifier's log

// Forget what was said before. poised's thread alone, as all of these.
void cp_bpf_log_begin(void);

// For libbpf_set_print().
int cp_bpf_log_print(enum libbpf_print_level level, const char *format, va_list arguments);

// Why the load failed, one line: the verifier's last line that gives a reason, else libbpf's last warning; empty when
// nothing was said. Valid until the next load.
const char *cp_bpf_log_reason(void);

// The last lines of the verifier's log, oldest first. Calls `each` for none when the verifier said nothing.
void cp_bpf_log_each(void (*each)(void *context, const char *line), void *context);
