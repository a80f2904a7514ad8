# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Ticks a packet of established flows: R2 (net_pcap, stock testpmd) and R1 (net_null, any number of flows)."""

import os
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


def section(report, name, floor, table):
    report[name] = {"floor": floor, "table": table, "flows": {}}
    return report[name]["flows"]


def pcap(report, raw, hz, full):
    found = section(report, "pcap", "testpmd io", "bpf")
    for flows in (1, 1000, 100000):
        with rig_pcap.pages(flows, len(PCAP_MODES) + 1):
            made = entry(*measure(lambda folder: rig_pcap.Rig(folder, flows, PCAP_MODES), raw, {"rig": "pcap"},
                                  3 if full else 2, 5 if full else 3, 0.3, 0.6), hz, "testpmd io")
        found[flows] = made
        show("pcap", flows, made, "testpmd io")


def l3fwd(report, raw, hz, full):
    """DPDK's example, exact match with a rule for each flow; not packaged, so whoever wants it says where it is."""
    program = os.environ.get("POISE_L3FWD")
    if not program:
        report.pop("l3fwd", None)
        say("l3fwd: left out; POISE_L3FWD names no program")
        return
    found = section(report, "l3fwd", "testpmd io", "bpf")
    for flows in (1, 1000, 100000):
        with rig_pcap.pages(flows, 4):
            made = entry(*measure(lambda folder: rig_pcap.Rig(folder, flows, ["io", "csum"], l3fwd=program), raw,
                                  {"rig": "l3fwd"}, 2, 5 if full else 3, 0.3, 0.5), hz, "testpmd io")
        found[flows] = made
        show("l3fwd", flows, made, "testpmd io")


def on_null(name, sizes, modes=None, table="thp", pattern="uniform", commands=(), mbufs=rig_null.MBUFS, floor="io"):
    """A suite of the null rig: the same programs, with other packets or another table."""
    modes = modes or NULL_MODES

    def suite(report, raw, hz, full):
        found = section(report, name, floor, table)
        for flows in sizes:
            with rig_null.pages(flows, 1, mbufs):
                made = entry(*measure(lambda folder: rig_null.Rig(folder, flows, modes, table, None, pattern, commands,
                                                                  mbufs), raw, {"rig": name},
                                      2 if full and name == "null" else 1, 7, 0.05, 0.2), hz, floor)
            found[flows] = made
            show(name, flows, made, floor)
    return suite


def sizes(report, raw, hz, full):
    """Longer frames: whoever computes checksums anew pays by the byte."""
    for size in ("512", "1500", "imix"):
        on_null("size-" + size, (100000,), commands=("size " + size,))(report, raw, hz, full)


null = on_null("null", (1, 1000, 100000, 1000000, 10000000))
zipf = on_null("zipf", (100000, 1000000, 10000000), pattern="zipf")
sequential = on_null("sequential", (100000, 1000000, 10000000), pattern="sequential")
small_pages = on_null("small-pages", (1000, 100000, 1000000, 10000000), table="bpf")
cold = on_null("cold", (1000, 100000, 1000000), commands=("cold",), mbufs=65536)
