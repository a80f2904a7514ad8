# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""The flow table beside rte_hash (R7): ticks of a look-up, an insertion, a removal with an insertion."""

import tempfile

import machine
import results
import rig_table
from progress import say


def table(report, raw, hz, full):
    section = report.setdefault("table", {"void": [], "flows": {}})
    for flows in (1000, 100000, 1000000, 10000000):
        with tempfile.TemporaryDirectory(prefix="poise-bench-") as folder, rig_table.pages(flows):
            rig = rig_table.TableRig(folder, flows)
            try:
                section["flows"][flows] = {what: operation(rig, raw, hz, flows, what, 7 if full else 4)
                                           for what in rig_table.OPERATIONS}
            finally:
                rig.close()
        say("table %9d flows: %s" % (flows, ", ".join(
            "%s %.0f (rte_hash %.0f)" % (what, one["poise"]["ticks"]["median"], one["hash"]["ticks"]["median"])
            for what, one in section["flows"][flows].items())))


def operation(rig, raw, hz, flows, what, rounds):
    rows = []
    for number in range(rounds):
        for who in ("poise", "hash") if number % 2 == 0 else ("hash", "poise"):
            steal = machine.steal_ns(1)
            row = rig.run(who, what, 150)
            row.update(rig="table", name=who, operation=what, flows=flows, round=number, packets=row["operations"],
                       steal=(machine.steal_ns(1) - steal) / row["cpu_ns"], canary_add_ns=1)
            raw.add(row)
            rows.append(row)
    good, _ = results.kept(rows)
    return results.compare(good, hz, "hash")
