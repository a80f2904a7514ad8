// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// doctor: what is wrong with this host, and what to do about it.
#include "cmd.h"
#include "doctor.h"

enum cp_cmd_status cp_cmd_doctor(struct cp_cmd *cmd)
{
	struct cp_doctor doctor;
	enum cp_cmd_status status;
	bool wrong;

	cp_doctor_look(&doctor, cmd->app->config, cmd->app);
	cp_doctor_text(&doctor, cmd->out);
	wrong = doctor.wrong;
	status = cp_cmd_give(cmd, cp_doctor_json(&doctor));
	cp_doctor_fini(&doctor);
	return wrong ? cp_cmd_fail(cmd, "something is wrong with this host, see above") : status;
}
