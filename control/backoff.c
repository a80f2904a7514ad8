// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "backoff.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define FIRST_MS 100
#define MOST_MS 5000 // outside of a crash loop
#define LOOP_FIRST_MS 10000
#define LOOP_MOST_MS 300000
#define WORKED_NS 1000000000ull // somebody's kill after that is not the program's fault

static void remember(struct cp_backoff *backoff, uint64_t now_ns)
{
	backoff->ends_ns[backoff->next] = now_ns;
	backoff->next = (backoff->next + 1) % CP_BACKOFF_ENDS;
	if (backoff->ends < CP_BACKOFF_ENDS)
		backoff->ends++;
}

// The oldest of the ring stands where the next one goes.
static bool too_many(const struct cp_backoff *backoff, uint64_t now_ns)
{
	return backoff->ends == CP_BACKOFF_ENDS &&
	       now_ns - backoff->ends_ns[backoff->next] <= CP_BACKOFF_WINDOW_NS;
}

static uint32_t grow(uint32_t delay_ms, uint32_t first_ms, uint32_t most_ms)
{
	if (delay_ms < first_ms)
		return first_ms;
	return delay_ms < most_ms / 2 ? delay_ms * 2 : most_ms;
}

uint32_t cp_backoff_ended(struct cp_backoff *backoff, enum cp_end end, uint64_t worked_ns, uint64_t now_ns)
{
	if (end == CP_END_PLANNED)
		return 0;
	if (worked_ns >= CP_BACKOFF_PROVEN_NS)
		cp_backoff_proven(backoff);
	if (end == CP_END_KILLED && worked_ns >= WORKED_NS)
		return FIRST_MS;
	remember(backoff, now_ns);
	if (too_many(backoff, now_ns))
		backoff->loop = true;
	backoff->delay_ms = backoff->loop ? grow(backoff->delay_ms, LOOP_FIRST_MS, LOOP_MOST_MS)
					  : grow(backoff->delay_ms, FIRST_MS, MOST_MS);
	return backoff->delay_ms;
}

bool cp_backoff_proven(struct cp_backoff *backoff)
{
	bool was = backoff->loop;

	memset(backoff, 0, sizeof(*backoff));
	return was;
}

enum cp_end cp_end_of_status(int status, bool asked)
{
	bool fatal = status != -1 && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL &&
		     WTERMSIG(status) != SIGTERM && WTERMSIG(status) != SIGINT;

	if (fatal)
		return CP_END_FAILED; // also while it was to end
	if (asked)
		return CP_END_PLANNED;
	if (status == -1 || WIFSIGNALED(status) || !WEXITSTATUS(status)) // -1: nobody told us how
		return CP_END_KILLED;
	return CP_END_FAILED;
}
