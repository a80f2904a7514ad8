# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""R7: the flow table alone, beside rte_hash. See table_rig.c."""

import json
import os
import sys

import machine
import world

sys.path.insert(0, os.path.join(world.ROOT, "tests/lib"))
from testpmd import Process  # noqa: E402

OPERATIONS = ("hit", "miss", "churn", "fill")


def pages(flows):
    """rte_hash's own memory, by measurement about 60 bytes a flow in powers of two."""
    return machine.HugePages(128 + flows * 80 // 1000000)


class TableRig(Process):
    def __init__(self, folder, flows, name="table", build=None):
        super().__init__([world.program("bench/table_rig", build), "-l", "1", "--in-memory", "--no-pci",
                          "--no-telemetry", "--iova-mode=va", "--file-prefix=poise-bench-" + name,
                          "--log-level=*:error", "--", world.snapshot(folder, build=build), str(flows)])
        self.wait_for('"ready"', seconds=120)

    def run(self, who, what, milliseconds):
        """Ticks of an operation are cpu_ns times the TSC's rate."""
        start = len(self.output)
        self.process.stdin.write("run %s %s %d\n" % (who, what, milliseconds))
        self.process.stdin.flush()
        return json.loads(self.wait_for(r"^\{[^\n]*\}\n", start, 120).group(0))

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(30)
        self.reader.join(5)
