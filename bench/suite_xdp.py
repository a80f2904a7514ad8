# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""The XDP path by bpf_prog_test_run (R6): ns of a packet of an established flow and of one that makes a flow.

An empty program on the same machine in the same round is the yardstick: `net` is what a packet costs less what the
wrapper and its call do; `scaled` is net and an empty program, as if that took EMPTY_NS. So figures of machines can be
compared of which nothing is known but what an empty program takes there."""

import statistics
import tempfile

import machine
import results
import rig_xdp
from progress import say

EMPTY_NS = 22
TIMES = 500000
GOALS = {("established", 1000): 111, ("established", 100000): 200, ("established", 1000000): 222,
         ("new", 1000): 400, ("new", 100000): 400, ("new", 1000000): 400}


def xdp(report, raw, _hz, full):
    section = report["xdp"] = {"void": [], "empty": None, "programs": {"established": {}, "new": {}}}
    empty = []
    for flows in (1000, 100000, 1000000):
        with tempfile.TemporaryDirectory(prefix="poise-bench-") as folder:
            rig = rig_xdp.XdpRig(folder, flows)
            try:
                rows = rounds(rig, raw, flows, 11 if full else 7)
            finally:
                rig.close()
        good, discarded = results.kept(rows)
        by_round = {}
        for row in good:
            by_round.setdefault(row["round"], {})[row["name"]] = row["ns"]
        empty += [one["empty"] for one in by_round.values()]
        for name, made in section["programs"].items():
            made[str(flows)] = summed(list(by_round.values()), name, discarded, GOALS[name, flows])
        say("xdp: %7d flows: %s" % (flows, ", ".join(
            "%s %.0f ns, net %.0f, scaled %.0f" % ((name,) + tuple(made[str(flows)][what]["median"]
                                                                   for what in ("ns", "net", "scaled")))
            for name, made in section["programs"].items())))
    section["empty"] = results.summary(empty)


def rounds(rig, raw, flows, count):
    rows = []
    for number in range(count):
        for name in rig_xdp.OPERATIONS:
            times = flows if name == "new" else TIMES
            steal, before = machine.steal_ns(1), machine.canary()["add_ns"]
            ns = rig.run(name, times)["ns"]
            row = {"rig": "xdp", "name": name, "flows": flows, "round": number, "times": times, "ns": ns,
                   "steal": (machine.steal_ns(1) - steal) / max(1, ns * times), "canary_add_ns": before}
            raw.add(row)
            rows.append(row)
    return rows


def summed(by_round, name, discarded, goal):
    net = [one[name] - one["floor"] for one in by_round]
    quiet = statistics.median(one["empty"] for one in by_round)  # whole ns: one round alone is too coarse
    return {"ns": results.summary([one[name] for one in by_round]), "net": results.summary(net),
            "scaled": results.summary([(value + quiet) * EMPTY_NS / quiet for value in net]), "goal": goal,
            "discarded_rounds": discarded, "rounds": len(by_round) + max(0, discarded)}
