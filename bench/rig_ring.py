# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""R3: latency and loss on net_ring, from one core to the other and back. See latency_rig.c."""

import json
import os
import sys

import machine
import world

sys.path.insert(0, os.path.join(world.ROOT, "tests/lib"))
from testpmd import Process  # noqa: E402


AWAY_SHARE = 0.002  # of a run; above it the run is discarded


def pages():
    return machine.HugePages(128)


class RingRig(Process):
    def __init__(self, folder, flows):
        super().__init__([world.program("bench/latency_rig"), "-l", "1", "--in-memory", "--no-pci", "--no-telemetry",
                          "--iova-mode=va", "--file-prefix=poise-bench-ring", "--log-level=*:error", "--",
                          world.snapshot(folder, "net_ring_bench"), str(flows)])
        self.wait_for('"ready"', seconds=60)
        opened = self.ask("open")
        if opened["received"] != 3 * flows or opened["wrong"]:
            raise RuntimeError("flows not opened: %s" % opened)

    def ask(self, line):
        start = len(self.output)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        row = json.loads(self.wait_for(r"^\{[^\n]*\}\n", start, 120).group(0))
        if row["wrong"]:
            raise RuntimeError("%d packets are wrong: %s" % (row["wrong"], row["why"]))
        if row["received"] + row["lost"] != row["offered"]:
            raise RuntimeError("%(offered)d offered, %(received)d received, %(lost)d not taken by the ring" % row)
        return row

    def send(self, mode, rate, milliseconds):
        """One run. `quiet` is false when the kernel took a processor away in between, which says nothing of Poise."""
        row = self.ask("send %s %d %d" % (mode, rate, milliseconds))
        row["quiet"] = row["away_ns"] < AWAY_SHARE * 1e6 * milliseconds
        return row

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(30)
        self.reader.join(5)
