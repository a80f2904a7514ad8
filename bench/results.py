# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Rows of a run: kept as CSV, discarded by rules that stand here, summed up as medians with an interval."""

import csv
import os
import random
import statistics

STEAL = 0.005   # of a window: the host gave the processor to somebody else
CANARY = 0.05   # that 10 million additions around a round took longer than the quickest of this run


class Raw:
    """One CSV file; columns come as they appear."""

    def __init__(self, folder, name):
        self.path = os.path.join(folder, name + ".csv")
        self.rows = []

    def add(self, row):
        self.rows.append(row)

    def write(self):
        names = []
        for row in self.rows:
            names += [name for name in row if name not in names]
        with open(self.path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(self.rows)


def kept(rows):
    """Rounds (all subjects of one) that no rule discards, and how many were. With fewer than three good ones all are
    kept and the number is negative: the reader is told that the machine was not quiet."""
    quickest = min(row["canary_add_ns"] for row in rows)
    bad = {key(row) for row in rows
           if row["steal"] > STEAL or row["canary_add_ns"] > quickest * (1 + CANARY)}
    good = [row for row in rows if key(row) not in bad]
    return (good, len(bad)) if len({key(row) for row in good}) >= 3 else (rows, -len(bad))


def key(row):
    return row.get("flows"), row.get("instance"), row["round"]


def interval(values, seed=1):
    """95 % bootstrap interval of the median."""
    source = random.Random(seed)
    medians = sorted(statistics.median(source.choices(values, k=len(values))) for _ in range(1000))
    return medians[25], medians[974]


def summary(values):
    low, high = interval(values)
    return {"median": statistics.median(values), "low": low, "high": high, "lowest": min(values),
            "highest": max(values), "count": len(values)}


def compare(rows, hz, floor):
    """{name: {ticks, ns, net, ratio}} against the program `floor`, pair by pair of the same round. `poise_ratio`: how
    much Poise takes of what this program takes; at 1 or below it is not slower."""
    names = []
    for row in rows:
        if row["name"] not in names:
            names.append(row["name"])
    ticks = {name: {key(row): row["cpu_ns"] * hz / 1e9 / row["packets"] for row in rows if row["name"] == name}
             for name in names}
    result = {}
    names.sort(key=lambda name: (name != floor, name in ("poise", "base"), statistics.median(ticks[name].values())))
    for name in names:
        pairs = [(value, ticks[floor][where]) for where, value in ticks[name].items()]
        result[name] = {"ticks": summary([value for value, _ in pairs]),
                        "ns": summary([value * 1e9 / hz for value, _ in pairs]),
                        "net": summary([value - base for value, base in pairs]),
                        "ratio": summary([value / base for value, base in pairs])}
        poise = ticks.get("poise", {})
        beside = [poise[where] / value for where, value in ticks[name].items() if where in poise]
        if beside and name != "poise":
            result[name]["poise_ratio"] = summary(beside)
    return result
