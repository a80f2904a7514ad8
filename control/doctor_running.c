// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What a running poised knows of itself.
#include "doctor.h"
#include "view.h"

static void look_at_path(struct cp_doctor *doctor)
{
	struct cp_view_path_state state;
	const char *why;

	cp_view_path(doctor->app, cp_view_now_ns(), &state);
	if (state.path == CP_PATH_NONE)
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, "path", "see the log of poised",
			      "nothing carries the packets");
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, "path", NULL, "%s carries the packets",
			      cp_view_path_name(state.path));
	if (!cp_view_up(doctor->app, &why))
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, "configuration", "see the log of poised", "%s", why);
}

static void look_at_dataplane(struct cp_doctor *doctor)
{
	const struct cp_dataplane_link *link = &doctor->app->dataplane;

	if (link->state == CP_DATAPLANE_OFF)
		return;
	if (link->crash_loop)
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, "dataplane",
			      "see its last words in the log; then poisectl restart",
			      "ends by itself again and again, %llu times until now",
			      (unsigned long long)link->ends[CP_END_FAILED]);
	else if (link->state != CP_DATAPLANE_RUNNING)
		cp_doctor_add(doctor, CP_DOCTOR_WRONG, "dataplane",
			      doctor->config->dataplane.spawn ? "see the log of poised"
							      : "start poise-dataplane, or "
								"dataplane.spawn = true",
			      "%s%s%s", cp_view_dataplane_name(link->state), *link->error ? ": " : "",
			      link->error);
	else
		cp_doctor_add(doctor, CP_DOCTOR_OK, "dataplane", NULL, "running, pid %d", (int)link->pid);
}

void cp_doctor_running(struct cp_doctor *doctor)
{
	if (doctor->app) {
		look_at_path(doctor);
		look_at_dataplane(doctor);
	} else if (doctor->runs) {
		cp_doctor_add(doctor, CP_DOCTOR_NOTE, "poised", "poisectl doctor",
			      "one runs, and knows more than this");
	}
}
