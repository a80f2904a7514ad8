#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Vectors through the headers as this build compiled them (vector_header.c)."""

import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.dont_write_bytecode = True

import dataplane  # noqa: E402
import vec  # noqa: E402


def main():
    files = {}
    for path in sorted(glob.glob(os.path.join(HERE, "*.vec"))):
        files.setdefault(vec.load(path).config, []).append(path)
    status = 0
    with dataplane.Folder() as folder:
        for config, paths in files.items():
            snapshot = folder.file(config + ".snapshot")
            dataplane.compile_snapshot(os.path.join(HERE, config + ".conf"), snapshot)
            done = subprocess.run([dataplane.program("tests/vectors/vector_header"), snapshot] + paths, timeout=60)
            status |= done.returncode
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main())
