#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Vectors through the real dataplane on net_pcap: every frame that leaves equal to the byte, in order, every
counter exact. Also: the vectors in the tree are what make.py writes."""

import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.dont_write_bytecode = True

import dataplane  # noqa: E402
import vec  # noqa: E402

SLOT = 64  # two bursts
FILLER = bytes.fromhex("0180c200000e020000000c0188cc") + bytes(46)
UNCHECKED = {"snat_probe", "handoff", "transmit_handoff"}  # depend on the table's random seed


def devices_of(config):
    """Port name -> device, as the configuration says."""
    with open(config) as file:
        return dict(re.findall(r'name = "(\w+)"; vdev = "(\w+)"', file.read()))


def captures(vectors, ports):
    """Frames for each port. Two captures are not read in step, but one burst of each in turn: with every step
    in a slot of its own, filled up on all ports, no order but the wanted one is possible."""
    if len(ports) == 1:
        return {ports[0]: [bytes(step.frame) for step in vectors.steps]}, 0
    frames = {port: [FILLER] * (SLOT * (len(vectors.steps) + 1)) for port in ports}
    for number, step in enumerate(vectors.steps):
        frames[step.port][SLOT * number + SLOT // 2] = bytes(step.frame)
    return frames, SLOT * (len(vectors.steps) + 1) * len(ports) - len(vectors.steps)


def differences(vectors, port, got):
    want = [step for step in vectors.steps if step.out and step.out[0] == port]
    for number, step in enumerate(want):
        if number >= len(got):
            return ["nothing left for: %s / %s" % (step.scenario, step.text)]
        if got[number] != bytes(step.out[1]):
            return ["first difference: %s / %s" % (step.scenario, step.text),
                    "want " + bytes(step.out[1]).hex(" ", -4), "got  " + got[number].hex(" ", -4)]
    return ["%d frames too many, the first: %s" % (len(got) - len(want), got[len(want)].hex(" ", -4))] \
        if len(got) > len(want) else []


def run_file(cases, folder, path):
    name = os.path.basename(path)[:-4]
    vectors = vec.load(path)
    devices = devices_of(os.path.join(HERE, vectors.config + ".conf"))
    snapshot = folder.file(vectors.config + ".snapshot")
    if not os.path.exists(snapshot):
        dataplane.compile_snapshot(os.path.join(HERE, vectors.config + ".conf"), snapshot)
    frames, fillers = captures(vectors, list(devices))
    result = dataplane.run(folder, snapshot, {devices[port]: [list] for port, list in frames.items()}, name=name)
    if not cases.check("%s: the dataplane ends by itself" % name, result.status == 0, result.output):
        return
    for port, device in devices.items():
        wrong = differences(vectors, port, result.frames[device][0])
        cases.check("%s: frames that leave by %s" % (name, port), not wrong, *wrong)
    want = vectors.counters()
    if fillers:
        want["not_ipv4"] = want.get("not_ipv4", 0) + fillers
    got = {key: value for key, value in result.nonzero().items() if key not in UNCHECKED}
    differing = ["%s: want %d, got %d" % (key, want.get(key, 0), got.get(key, 0))
                 for key in sorted(set(want) | set(got)) if want.get(key, 0) != got.get(key, 0)]
    cases.check("%s: counters" % name, not differing, *differing)
    totals = result.stats["totals"]
    cases.equal("%s: flows in the table" % name, totals["flows"], vectors.flows)
    cases.equal("%s: received and sent" % name, (totals["rx_packets"], totals["tx_packets"]),
                (len(vectors.steps) + fillers, sum(1 for step in vectors.steps if step.out)))


def main():
    cases = dataplane.Cases()
    with dataplane.Folder() as folder:
        subprocess.run([os.path.join(HERE, "make.py"), folder.path], check=True, timeout=60)
        for path in sorted(glob.glob(os.path.join(HERE, "*.vec"))):
            with open(path) as here, open(folder.file(os.path.basename(path))) as made:
                cases.check("%s is what make.py writes" % os.path.basename(path), here.read() == made.read())
            run_file(cases, folder, path)
    return cases.status()


if __name__ == "__main__":
    sys.exit(main())
