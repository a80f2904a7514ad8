# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""What a person sees while it runs: a line with the time for each result."""

import time

BEGIN = time.monotonic()


def say(text):
    seconds = time.monotonic() - BEGIN
    print("%3d:%02d %s" % (seconds // 60, seconds % 60, text), flush=True)
