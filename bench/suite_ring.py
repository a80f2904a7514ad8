# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Latency and loss on net_ring (R3): Poise beside macswap at the same rates and at a half of what each can do."""

import statistics
import tempfile

import rig_ring
from progress import say

FLOWS = 10000
RUN_MS = 2  # shorter than from one tick of the kernel to the next
ATTEMPTS = 8  # for each run that is wanted
RATES = (8e6, 6e6, 4e6, 2e6, 1e6)  # offered, to find what goes through without loss
FIELDS = ("p50_ns", "p99_ns", "p999_ns", "longest_ns")


def quiet(rig, raw, mode, rate, wanted, what):
    """So many runs in which nobody took a processor away, of ATTEMPTS times as many at most; the rest is discarded.
    When there are not so many, those in which it was away for the shortest time, and their number is negative."""
    rows, others, discarded = [], [], 0
    while len(rows) < wanted and discarded < (ATTEMPTS - 1) * wanted:
        row = rig.send(mode, rate, RUN_MS)
        raw.add(dict(row, rig="ring", rate=rate, what=what))
        if row["quiet"]:
            rows.append(row)
        else:
            others.append(row)
            discarded += 1
    if len(rows) < wanted:
        others.sort(key=lambda row: row["away_ns"])
        return rows + others[:wanted - len(rows)], -discarded
    return rows, discarded


def most(rig, raw, mode, wanted):
    """The highest of the rates at which the median run loses nothing."""
    for rate in RATES:
        rows, _ = quiet(rig, raw, mode, rate, wanted, "search")
        if statistics.median(row["lost"] for row in rows) == 0:
            return rate
    raise RuntimeError("%s loses packets even at %.0f Mpps" % (mode, RATES[-1] / 1e6))


def entry(rows, discarded, rate):
    return {"rate": rate, "runs": len(rows), "discarded": discarded,
            "away_us": statistics.median(row["away_ns"] for row in rows) / 1000,
            "lost": sum(row["lost"] for row in rows), "offered": sum(row["offered"] for row in rows),
            **{field: statistics.median(row[field] for row in rows) for field in FIELDS if rows}}


def ring(report, raw, _hz, full):
    wanted = 60 if full else 30
    section = report["ring"] = {"void": [], "flows": FLOWS, "most": {}, "half": {}, "same": {}, "idle": {}}
    with tempfile.TemporaryDirectory(prefix="poise-bench-") as folder, rig_ring.pages():
        rig = rig_ring.RingRig(folder, FLOWS)
        try:
            for mode in ("macswap", "poise"):
                section["most"][mode] = most(rig, raw, mode, 10)
            half = section["most"]["poise"] / 2
            for mode in ("macswap", "poise"):
                for name, rate in (("half", section["most"][mode] / 2), ("same", half), ("idle", 10000)):
                    if rate:
                        section[name][mode] = entry(*quiet(rig, raw, mode, rate, wanted, name), rate)
        finally:
            rig.close()
    for name in ("half", "same", "idle"):
        for mode, one in section[name].items():
            if one["runs"]:
                say("ring: %-7s %-5s %.3f Mpps: p50 %.2f p99 %.2f p99.9 %.1f us, lost %d of %d, %d discarded" % (
                    mode, name, one["rate"] / 1e6, one["p50_ns"] / 1e3, one["p99_ns"] / 1e3, one["p999_ns"] / 1e3,
                     one["lost"], one["offered"], one["discarded"]))
