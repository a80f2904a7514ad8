// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "passive.h"

bool cp_passive_sign(struct cp_passive *passive, const struct cp_view_traffic *traffic)
{
	struct cp_passive now = {
		.read = true,
		.answers = traffic->answers,
		.bad = traffic->syn_repeated + traffic->syn_refused,
	};
	// Counters begin anew with another dataplane or another place in the snapshot.
	bool again = passive->read && now.answers >= passive->answers && now.bad >= passive->bad;
	bool sign = again && now.answers == passive->answers && now.bad - passive->bad >= CP_PASSIVE_SIGNS;

	*passive = now;
	return sign;
}
