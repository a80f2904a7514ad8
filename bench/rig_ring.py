# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""R3: latency and loss on net_ring, from one core to the other and back. See latency_rig.c."""

import child
import machine
import world


AWAY_SHARE = 0.005  # of a run; above it the run is discarded


def pages():
    return machine.HugePages(128)


class RingRig(child.Rig):
    def __init__(self, folder, flows):
        super().__init__("ring", "latency_rig", "1", [], [world.snapshot(folder, "net_ring_bench"), flows])
        self.check(self.ask("open"))

    @staticmethod
    def check(row):
        if row["wrong"]:
            raise RuntimeError("%d packets are wrong: %s" % (row["wrong"], row["why"]))
        if row["received"] + row["lost"] != row["offered"]:
            raise RuntimeError("%(offered)d offered, %(received)d received, %(lost)d not taken by the ring" % row)

    def send(self, mode, rate, milliseconds):
        """One run. `quiet` is false when the kernel or the host took a processor away in between, which says nothing
        of Poise."""
        steal = machine.steal_ns(0) + machine.steal_ns(1)
        row = self.ask("send %s %d %d" % (mode, rate, milliseconds))
        steal = machine.steal_ns(0) + machine.steal_ns(1) - steal
        self.check(row)
        row["quiet"] = row["away_ns"] + steal < AWAY_SHARE * 1e6 * milliseconds
        return row
