#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# control/messages.def has the kinds and severities that poised logs, and docs/messages.md says so.
set -eu
cd "$(dirname "$0")/../.."
exec /usr/bin/python3 docs/make-messages --check
