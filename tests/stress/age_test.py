#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Expiry and eviction by the XDP program, while nobody sweeps: see age_map.c."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
sys.dont_write_bytecode = True

import dataplane  # noqa: E402


def main():
    if os.geteuid():
        print("skip - loading the XDP program wants root")
        return 77
    command = [dataplane.program("tests/stress/age_map"), dataplane.program("bpf/poise_xdp.bpf.o")]
    return subprocess.run(command, timeout=60).returncode


if __name__ == "__main__":
    sys.exit(main())
