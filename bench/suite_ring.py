# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Latency and loss on net_ring (R3): Poise beside macswap at the same rates and at a half of what each can do."""

import statistics
import tempfile

import results
import rig_ring
from progress import say

MODES = ("macswap", "poise")
FLOWS = 10000
FEW = 100  # of which the processor's own cache has all
RUN_MS = 2  # shorter than from one tick of the kernel to the next
ATTEMPTS = 8  # for each run that is wanted
RATES = (8e6, 6e6, 4e6, 2e6, 1e6)  # offered, to find what goes through without loss
FIELDS = ("p50_ns", "p99_ns", "p999_ns", "longest_ns")


def pairs(rig, raw, rates, wanted, what):
    """So many runs of each program, turn and turn about, in which nobody took a processor away, of ATTEMPTS times as
    many at most; the rest is discarded. Two processors of a guest are now near to each other and now far, for
    seconds, so only runs beside each other are compared. When there are not so many quiet ones, those in which a
    processor was away for the shortest time, and the number of discarded ones is negative."""
    good, others = [], []
    while len(good) < wanted and len(others) < (ATTEMPTS - 1) * wanted:
        order = list(rates.items())
        pair = {}
        for mode, rate in order if (len(good) + len(others)) % 2 == 0 else reversed(order):
            pair[mode] = rig.send(mode, rate, RUN_MS)
            raw.add(dict(pair[mode], rig="ring", rate=rate, what=what))
        (good if all(row["quiet"] for row in pair.values()) else others).append(pair)
    discarded = len(others)
    if len(good) < wanted:
        others.sort(key=lambda pair: sum(row["away_ns"] for row in pair.values()))
        good, discarded = good + others[:wanted - len(good)], -discarded
    return good, discarded


def most(rig, raw, mode, wanted):
    """The highest of the rates at which the median run loses nothing."""
    for rate in RATES:
        found, _ = pairs(rig, raw, {mode: rate}, wanted, "search")
        if statistics.median(pair[mode]["lost"] for pair in found) == 0:
            return rate
    raise RuntimeError("%s loses packets even at %.0f Mpps" % (mode, RATES[-1] / 1e6))


def entry(rows, discarded, rate):
    return {"rate": rate, "runs": len(rows), "discarded": discarded,
            "away_us": statistics.median(row["away_ns"] for row in rows) / 1000,
            "lost": sum(row["lost"] for row in rows), "offered": sum(row["offered"] for row in rows),
            **{field: statistics.median(row[field] for row in rows) for field in FIELDS if rows}}


def load(section, rig, raw, name, rates, wanted):
    found, discarded = pairs(rig, raw, rates, wanted, name)
    section[name] = {mode: entry([pair[mode] for pair in found], discarded, rates[mode]) for mode in MODES}
    section["ratios"][name] = {field: results.summary([pair["poise"][field] / pair["macswap"][field]
                                                       for pair in found]) for field in FIELDS}


def with_flows(flows, work):
    with tempfile.TemporaryDirectory(prefix="poise-bench-") as folder, rig_ring.pages():
        rig = rig_ring.RingRig(folder, flows)
        try:
            work(rig)
        finally:
            rig.close()


def ring(report, raw, _hz, full):
    wanted = 60 if full else 30
    section = report["ring"] = {"void": [], "flows": FLOWS, "most": {}, "ratios": {}}

    def many(rig):
        for mode in MODES:
            section["most"][mode] = most(rig, raw, mode, 10)
        half = {mode: section["most"][mode] / 2 for mode in MODES}
        load(section, rig, raw, "half", half, wanted)
        load(section, rig, raw, "same", dict.fromkeys(MODES, half["poise"]), wanted)
        load(section, rig, raw, "idle", dict.fromkeys(MODES, 10000), wanted)

    def few(rig):
        load(section, rig, raw, "few", {mode: section["most"][mode] / 2 for mode in MODES}, wanted)

    with_flows(FLOWS, many)
    with_flows(FEW, few)
    for name, ratios in section["ratios"].items():
        for mode in MODES:
            one = section[name][mode]
            say("ring: %-7s %-5s %.3f Mpps: p50 %.2f p99 %.2f p99.9 %.1f us, lost %d of %d, %d discarded" % (
                mode, name, one["rate"] / 1e6, one["p50_ns"] / 1e3, one["p99_ns"] / 1e3, one["p999_ns"] / 1e3,
                one["lost"], one["offered"], one["discarded"]))
        say("ring: %s: poise beside macswap, p50 %.2f x, p99 %.2f x" % (name, ratios["p50_ns"]["median"],
                                                                        ratios["p99_ns"]["median"]))
