# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""R7: the flow table alone, beside rte_hash. See table_rig.c."""

import child
import machine
import world

OPERATIONS = ("hit", "miss", "churn", "fill")


def pages(flows):
    """rte_hash's own memory, by measurement about 60 bytes a flow in powers of two."""
    return machine.HugePages(128 + flows * 80 // 1000000)


class TableRig(child.Rig):
    def __init__(self, folder, flows, name="table", build=None):
        super().__init__(name, "table_rig", "1", [], [world.snapshot(folder, build=build), flows], build)

    def run(self, who, what, milliseconds):
        """Ticks of an operation are cpu_ns times the TSC's rate."""
        return self.ask("run %s %s %d" % (who, what, milliseconds))
