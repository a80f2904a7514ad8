// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The parts of the file, each read by its own source. They report everything wrong into root->report and
// leave defaults; `config` was zeroed. Called by cp_config_load() only.
#pragma once

#include "config_read.h"

void cp_parse_dataplane(struct cp_read *root, struct cp_config *config);
void cp_parse_ports(struct cp_read *root, struct cp_config *config);
void cp_parse_services(struct cp_read *root, struct cp_config *config);
void cp_parse_neighbors(struct cp_read *root, struct cp_config *config);
void cp_parse_firewall(struct cp_read *root, struct cp_config *config);
void cp_parse_fallback(struct cp_read *root, struct cp_config *config);
void cp_parse_metrics(struct cp_read *root, struct cp_config *config);
void cp_parse_ha(struct cp_read *root, struct cp_config *config); // after the ports
void cp_parse_control(struct cp_read *root, struct cp_config *config);

// Of one service. *room is how many backends the limit of all services still allows; it is counted down.
void cp_parse_backends(struct cp_read *service_read, struct cp_service *service, uint32_t *room);
void cp_parse_health(struct cp_read *service_read, struct cp_service *service);
// Of one check: the keys that belong to its kind. Those of other kinds are reported when the type is `known`.
void cp_parse_health_kind(struct cp_read *read, struct cp_health *health, bool known);
void cp_parse_lifecycle(struct cp_read *service_read, struct cp_service *service);
void cp_parse_access(struct cp_read *service_read, struct cp_service *service);

// One prefix out of the list `key`; `text` NULL: it is no text. Returns false when it is none, which was reported.
bool cp_read_prefix(struct cp_read *read, const char *key, const char *text, struct cp_prefix *prefix);
