// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The parts of cp_config_validate(). Fields that the parser refused are empty and are passed over here, so
// that one mistake is one line. Pure.
#pragma once

#include "config.h"

void cp_validate_ports(const struct cp_config *config, struct cp_report *report);
void cp_validate_services(const struct cp_config *config, struct cp_report *report);
void cp_validate_access(const struct cp_config *config, struct cp_report *report);
void cp_validate_addresses(const struct cp_config *config, struct cp_report *report);
void cp_validate_neighbors(const struct cp_config *config, struct cp_report *report);

// "192.0.2.1" of an address in network byte order.
struct cp_address_text {
	char text[16];
};
struct cp_address_text cp_address_text(uint32_t address);
