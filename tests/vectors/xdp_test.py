#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""The twins: every vector through the loaded XDP program, in the state in which no dataplane takes the packets.
The headers alone and the dataplane go through the same files (headers.py, pipeline_test.py)."""

import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.dont_write_bytecode = True

import dataplane  # noqa: E402
import vec  # noqa: E402


def run(snapshot, paths):
    command = [dataplane.program("tests/vectors/vector_xdp"), dataplane.program("bpf/poise_xdp.bpf.o"), snapshot]
    return subprocess.run(command + paths, capture_output=True, text=True, timeout=120)


def spoiled(folder, path):
    """The file with one bit of the last frame that leaves changed: the comparison must see it."""
    with open(path) as file:
        lines = file.read().splitlines()
    at = max(number for number, line in enumerate(lines) if line.startswith("out ")) + 1
    lines[at] = lines[at][:-1] + "%x" % (int(lines[at][-1], 16) ^ 1)
    with open(folder.file("spoiled.vec"), "w") as file:
        file.write("\n".join(lines) + "\n")
    return folder.file("spoiled.vec")


def main():
    if os.geteuid():
        print("skip - loading the XDP program wants root")
        return 77
    files = {}
    for path in sorted(glob.glob(os.path.join(HERE, "*.vec"))):
        files.setdefault(vec.load(path).config, []).append(path)
    cases = dataplane.Cases()
    with dataplane.Folder() as folder:
        for config, paths in files.items():
            snapshot = folder.file(config + ".snapshot")
            dataplane.compile_snapshot(os.path.join(HERE, config + ".conf"), snapshot)
            result = run(snapshot, paths)
            print(result.stdout, end="")
            cases.check("%s: all files through the XDP program" % config, result.returncode == 0,
                        *result.stderr.splitlines())
        result = run(folder.file("one_arm.snapshot"), [spoiled(folder, os.path.join(HERE, "dnat.vec"))])
        cases.check("a frame that differs in one bit is noticed", result.returncode == 1)
    return cases.status()


if __name__ == "__main__":
    sys.exit(main())
