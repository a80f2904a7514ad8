// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_json.h"
#include "instance.h"
#include "log.h"
#include "table_text.h"

static const char *const state_names[] = {"ok", "note", "wrong"};

void cp_doctor_add(struct cp_doctor *doctor, enum cp_doctor_state state, const char *subject,
		   const char *remedy, const char *format, ...)
{
	struct cp_doctor_item *items = reallocarray(doctor->items, doctor->count + 1, sizeof(*items)), *item;
	va_list arguments;

	doctor->wrong += state == CP_DOCTOR_WRONG;
	if (!items)
		return;
	doctor->items = items;
	item = &items[doctor->count++];
	item->state = state;
	snprintf(item->subject, sizeof(item->subject), "%s", subject);
	snprintf(item->remedy, sizeof(item->remedy), "%s", remedy ? remedy : "");
	va_start(arguments, format);
	vsnprintf(item->text, sizeof(item->text), format, arguments);
	va_end(arguments);
}

void cp_doctor_look(struct cp_doctor *doctor, const struct cp_config *config, const struct cp_app *app)
{
	*doctor = (struct cp_doctor){.config = config, .app = app};
	cp_instance_directory(config->control_socket, doctor->run_dir, sizeof(doctor->run_dir));
	cp_instance_name(doctor->run_dir, doctor->instance, sizeof(doctor->instance));
	doctor->runs = app || cp_instance_runs(doctor->run_dir);
	cp_doctor_host(doctor);
	if (cp_nic_mode_kernel(config->dataplane.mode)) {
		cp_doctor_bpf(doctor);
		cp_doctor_interfaces(doctor);
		cp_doctor_services(doctor);
	}
	cp_doctor_leftovers(doctor);
	cp_doctor_running(doctor);
}

void cp_doctor_fini(struct cp_doctor *doctor)
{
	free(doctor->items);
	doctor->items = NULL;
}

static json_t *rows_of(const struct cp_doctor *doctor, bool people)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < doctor->count; i++) {
		const struct cp_doctor_item *item = &doctor->items[i];
		char finding[sizeof(item->text) + sizeof(item->remedy) + 8];

		snprintf(finding, sizeof(finding), "%s%s%s", item->text,
			 people && *item->remedy ? ". Do: " : "", people ? item->remedy : "");
		json_array_append_new(rows,
				      json_pack("{ss so so so}", "state", state_names[item->state], "subject",
						cp_json_text(item->subject), "finding", cp_json_text(finding),
						"remedy", cp_json_text(item->remedy)));
	}
	return rows;
}

void cp_doctor_text(const struct cp_doctor *doctor, struct evbuffer *out)
{
	static const struct cp_text_column columns[] = {
		{"STATE", "state", CP_TEXT_PLAIN},
		{"WHAT", "subject", CP_TEXT_PLAIN},
		{"FINDING", "finding", CP_TEXT_PROSE},
	};
	json_t *rows = rows_of(doctor, true);

	cp_text_table(out, columns, POISE_COUNT(columns), rows);
	json_decref(rows);
	if (doctor->wrong)
		evbuffer_add_printf(out, "\n%u thing%s wrong\n", doctor->wrong,
				    doctor->wrong == 1 ? "" : "s");
	else
		evbuffer_add_printf(out, "\nnothing wrong\n");
}

json_t *cp_doctor_json(const struct cp_doctor *doctor)
{
	return json_pack("{sb sb si so}", "healthy", (int)!doctor->wrong, "running", (int)doctor->runs,
			 "wrong", (int)doctor->wrong, "findings", rows_of(doctor, false));
}

int cp_doctor_oneshot(const char *file, bool json)
{
	struct cp_report report = {0};
	struct cp_config *config = cp_config_load(file, &report);
	struct evbuffer *out = evbuffer_new();
	struct cp_doctor doctor;
	int status = 1;

	cp_log_report("config", &report);
	cp_report_fini(&report);
	if (config && out) {
		cp_doctor_look(&doctor, config, NULL);
		if (json) {
			json_t *document = cp_doctor_json(&doctor);

			json_dumpf(document, stdout, JSON_INDENT(2));
			putchar('\n');
			json_decref(document);
		} else {
			cp_doctor_text(&doctor, out);
			fwrite(evbuffer_pullup(out, -1), 1, evbuffer_get_length(out), stdout);
		}
		status = doctor.wrong ? 1 : 0;
		cp_doctor_fini(&doctor);
	}
	if (out)
		evbuffer_free(out);
	cp_config_free(config);
	return status;
}
