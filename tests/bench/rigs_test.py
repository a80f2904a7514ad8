#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""The rigs of the benchmarks do what their figures claim: flows are opened, every packet is translated, a sample of
the output is right to the last checksum, counters balance to the packet. Nothing here depends on speed."""

import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.path.insert(0, os.path.join(HERE, "../../bench"))
sys.dont_write_bytecode = True

import dataplane  # noqa: E402
import rig_null  # noqa: E402
import rig_pcap  # noqa: E402
import rig_ring  # noqa: E402
import rig_table  # noqa: E402
import rig_xdp  # noqa: E402


def null(cases, folder):
    with rig_null.pages(1000, 1):
        rig = rig_null.NullRig(folder, 1000)
        try:
            for mode, pattern in (("io", "uniform"), ("csum", "uniform"), ("poise", "uniform"), ("poise", "zipf"),
                                  ("poise", "sequential"), ("poise", "life"), ("poise", "flood")):
                row = rig.window(mode, pattern, 100)
                cases.equal("net_null, %s, %s: balances" % (mode, pattern), rig_null.wrong(row), None)
                cases.check("net_null, %s, %s: packets were checked" % (mode, pattern), row["checked"] > 0, row)
            for command in ("size 1500", "size imix", "cold"):
                rig.ask(command)
                row = rig.window("poise", "uniform", 50)
                cases.equal("net_null, %s: balances" % command, rig_null.wrong(row), None)
            row = rig.pauses("poise", "uniform", 1, 100, True)
            cases.equal("net_null, snapshot swaps: balances", rig_null.wrong(row), None)
            cases.check("net_null, turns are timed in runs without an interrupt", 0 < row["quiet"] <= row["runs"],
                        row)
            cases.check("net_null, turns that sweep and those that take a snapshot are told apart",
                        row["sweep"]["count"] > 0 and row["swap"]["count"] > 0 and row["other"]["count"] > 0, row)
        finally:
            rig.close()


def pcap(cases, folder):
    with rig_pcap.pages(100, 2):
        rig = rig_pcap.Rig(folder, 100, ["io"])
        try:
            rows = rig.round(0, 0.1, 0.2)
            cases.check("net_pcap: both programs received packets", all(row["packets"] > 0 for row in rows), rows)
            cases.equal("net_pcap: translated packets that were compared", rig.checked, 100)
            cases.equal("net_pcap: balances", rig.check(), [])
        finally:
            rig.close()


def ring(cases, folder):
    with rig_ring.pages():
        rig = rig_ring.RingRig(folder, 100)
        try:
            for mode in ("macswap", "poise"):
                row = rig.send(mode, 100000, 100)  # raises when a packet is wrong or missing
                cases.check("net_ring, %s: packets came back" % mode, row["received"] > 0, row)
        finally:
            rig.close()


def table(cases, folder):
    with rig_table.pages(1000):
        rig = rig_table.TableRig(folder, 1000)
        try:
            for who in ("poise", "hash"):
                for what in rig_table.OPERATIONS:  # ends with an error when other flows are found than entered
                    cases.check("table, %s, %s" % (who, what), rig.run(who, what, 20)["operations"] > 0)
        finally:
            rig.close()


def xdp(cases, folder):
    rig = rig_xdp.XdpRig(folder, 1000)
    try:
        for what in rig_xdp.OPERATIONS:  # ends with an error when a packet is not forwarded or a frame is wrong
            row = rig.run(what, 1000)
            cases.check("xdp, %s: takes time" % what, row["ns"] > 0, row)
        cases.check("xdp: translated frames were compared", row["checked"] > 500, row)
    finally:
        rig.close()


def main():
    if (os.cpu_count() or 1) < 2:
        print("skip - two processors are needed")
        return 77
    cases = dataplane.Cases()
    for part in (null, pcap, ring, table, xdp):
        with tempfile.TemporaryDirectory(prefix="poise-test-") as folder:
            try:
                part(cases, folder)
            except RuntimeError as error:
                cases.check("%s: runs to its end" % part.__name__, False, error)
    return cases.status()


if __name__ == "__main__":
    sys.exit(main())
