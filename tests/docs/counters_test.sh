#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# docs/counters.md says what include/poise/counters.def says.
set -eu
cd "$(dirname "$0")/../.."
exec /usr/bin/python3 docs/make-counters --check
