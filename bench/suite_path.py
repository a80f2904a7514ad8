# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Ticks a packet of established flows: R2 (net_pcap, stock testpmd) and R1 (net_null, any number of flows)."""

import tempfile

import machine
import results
import rig_null
import rig_pcap
from progress import say

PCAP_MODES = ["io", "macswap", "csum"]
NULL_MODES = ["io", "macswap", "csum"]


def measure(make, raw, where, instances, rounds, warm, seconds):
    """All rounds of all instances of a rig. Programs are started anew for each instance, because where their memory
    comes to lie is worth more than most changes."""
    rows, wrong, checked, facts = [], [], 0, {}
    for instance in range(instances):
        with tempfile.TemporaryDirectory(prefix="poise-bench-") as folder:
            rig = make(folder)
            try:
                for number in range(rounds):
                    before = machine.canary()
                    turn = rig.round(number, warm, seconds)
                    after = machine.canary()
                    for row in turn:
                        row.update(where, instance=instance,
                                   canary_add_ns=max(before["add_ns"], after["add_ns"]),
                                   canary_chase_ns=max(before["chase_ns"], after["chase_ns"]))
                        raw.add(row)
                    rows += turn
                wrong += rig.check()
                checked += rig.checked
                facts["table_bytes"] = getattr(rig, "table_bytes", None)
            finally:
                rig.close()
    return rows, wrong, checked, facts


def entry(rows, wrong, checked, facts, hz, floor):
    good, discarded = results.kept(rows)
    made = {"checked_packets": checked, "discarded_rounds": discarded, "rounds": len({results.key(r) for r in rows}),
            "void": wrong, **facts}
    if not wrong:
        made["programs"] = results.compare(good, hz, floor)
    return made


def show(name, flows, made, floor):
    if made["void"]:
        say("%-4s %9d flows: void: %s" % (name, flows, "; ".join(made["void"])))
        return
    programs = made["programs"]
    ticks = ", ".join("%s %.1f" % (program.replace("testpmd ", ""), one["ticks"]["median"])
                      for program, one in programs.items())
    say("%-4s %9d flows%s: %s; poise adds %.1f" %
        (name, flows, " (not quiet)" if made["discarded_rounds"] < 0 else "", ticks,
         programs["poise"]["net"]["median"]))


def pcap(report, raw, hz, full):
    sizes = (1, 1000, 100000, 1000000) if full else (1, 1000, 100000)
    section = report.setdefault("pcap", {"floor": "testpmd io", "table": "bpf", "flows": {}})
    for flows in sizes:
        modes = PCAP_MODES if flows < 1000000 else ["io"]
        with rig_pcap.pages(flows, len(modes) + 1):
            made = entry(*measure(lambda folder: rig_pcap.Rig(folder, flows, modes), raw, {"rig": "pcap"},
                                  3 if full else 2, 5 if full else 3, 0.3, 0.6), hz, "testpmd io")
        section["flows"][flows] = made
        show("pcap", flows, made, "testpmd io")


def null(report, raw, hz, full):
    section = report.setdefault("null", {"floor": "io", "table": "thp", "patterns": {}})
    runs = [("uniform", "thp", flows) for flows in (1, 1000, 100000, 1000000, 10000000)]
    if full:
        runs += [(pattern, "thp", flows) for pattern in ("zipf", "sequential") for flows in (100000, 1000000, 10000000)]
        runs += [("uniform", "bpf", flows) for flows in (1000, 100000, 1000000, 10000000)]
    for pattern, table, flows in runs:
        label = pattern if table == "thp" else pattern + " bpf"
        with rig_null.pages(flows, 1):
            made = entry(*measure(lambda folder: rig_null.Rig(folder, flows, NULL_MODES, table, None, pattern), raw,
                                  {"rig": "null", "pattern": label}, 2 if full and label == "uniform" else 1,
                                  7 if full else 5, 0.1, 0.3), hz, "io")
        section["patterns"].setdefault(label, {})[flows] = made
        show("null " + label, flows, made, "io")
