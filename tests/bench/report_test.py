#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""What bench/ makes of its rows: sums that are paired by round, goals that are reached or not, a report of another
version refused, help that says how long a run takes. Nothing is measured."""

import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.path.join(HERE, "../../bench")
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.path.insert(0, BENCH)
sys.dont_write_bytecode = True

import dataplane  # noqa: E402
import goals  # noqa: E402
import pages  # noqa: E402
import report as table  # noqa: E402
import results  # noqa: E402


def rows(ticks):
    """Three rounds; the processor is half as quick in the second, which a comparison by rounds does not see."""
    return [{"name": name, "round": number, "flows": 1000, "steal": 0, "canary_add_ns": 1, "packets": 1000,
             "cpu_ns": 1000 * ticks[name] * (2 if number == 1 else 1)} for number in range(3) for name in ticks]


def compares(cases):
    made = results.compare(rows({"io": 50, "csum": 200, "poise": 150}), 1e9, "io")
    cases.equal("what Poise adds is the median over rounds", made["poise"]["net"]["median"], 100)
    cases.equal("Poise beside csum, by round", made["csum"]["poise_ratio"]["low"], 0.75)
    cases.equal("Poise beside csum, by round, at most", made["csum"]["poise_ratio"]["high"], 0.75)
    cases.check("Poise is not compared with itself", "poise_ratio" not in made["poise"])
    bad = rows({"io": 50, "poise": 150})
    for row in bad:
        row["steal"] = 0.1 if row["round"] else 0
    cases.equal("with too few quiet rounds all are kept, and told", (len(results.kept(bad)[0]), results.kept(bad)[1]),
                (6, -2))


def made_report():
    programs = results.compare(rows({"io": 50, "csum": 120, "poise": 150}), 1e9, "io")
    one = {"void": [], "discarded_rounds": 0, "rounds": 3, "programs": programs}
    turn = {"p50_ns": 1000, "p99_ns": 2000, "p999_ns": 3000, "p9999_ns": 4000, "longest_median_ns": 5000, "runs": 50,
            "quiet": 40, "above_goal": 0.01}
    return {"format": table.FORMAT, "null": {"floor": "io", "flows": {"1000": one}},
            "flood": {"void": [], "inserts_per_second": {"median": 6e6, "low": 5e6, "high": 7e6},
                      "evictions_per_second": {"median": 4e6, "low": 3e6, "high": 5e6}},
            "pauses": {"void": [], "run_ms": 1, "goal_ns": 20000, "causes": {"a slice": dict(turn, count=7)},
                       "turns": {"io, full bursts": turn, "poise, full bursts": dict(turn, above_goal=0.5)}}}


def tells(cases):
    found = {what: (goal, measured, fine) for what, goal, measured, fine in goals.all_of(made_report())}
    cases.equal("a goal that is missed", found["ticks a packet above io, 1 k flows"], ("at most 75", "100", False))
    cases.equal("a rival that is quicker", found["ticks beside csum, net_null, 1 k flows"][2], False)
    cases.equal("a goal that is reached", found["flows of a SYN flood a second"], ("at least 5.00 M", "6.00 M", True))
    cases.equal("pauses are judged beside io", found["runs of 1 ms with a turn above 20 us, full bursts"],
                ("at most 5.4 %", "50.0 %", False))
    cases.equal("what was not measured has no line", [what for what in found if "XDP" in what or "1 M" in what], [])
    cases.equal("an empty report has no line", goals.all_of({}), [])
    lines = pages.path(made_report()["null"]["flows"]).splitlines()
    cases.equal("each line of a table has as many cells as its head", {line.count("|") for line in lines},
                {lines[0].count("|")})
    for maker in (pages.turns, pages.causes, pages.reached):
        lines = maker(made_report()).splitlines()
        cases.equal("and in the table of %s" % maker.__name__, {line.count("|") for line in lines},
                    {lines[0].count("|")})


def run(*words):
    return subprocess.run(words, capture_output=True, text=True)


def refuses(cases, folder):
    path = os.path.join(folder, "report.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(dict(made_report(), format=table.FORMAT - 1), file)
    shown = run(os.path.join(BENCH, "report"), path)
    cases.check("a report of another version is refused in a line",
                shown.returncode == 1 and "another version" in shown.stderr and shown.stderr.count("\n") == 1, shown)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(made_report(), file)
    shown = run(os.path.join(BENCH, "report"), path)
    cases.check("what was missed is told at the end", "missed: ticks a packet above io, 1 k flows" in shown.stdout,
                shown)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(dict(made_report(), memory={"void": ["it leaked"]}), file)
    shown = run(os.path.join(BENCH, "report"), "--docs", path)
    cases.check("a void part does not go into the documentation", shown.returncode == 1 and "void" in shown.stderr,
                shown)


def helps(cases):
    text = " ".join(run(os.path.join(BENCH, "run"), "--help").stdout.split())
    minutes = re.search(r"about (\d+) minutes", text)
    cases.check("--help says how long it takes", minutes, text)
    cases.check("--help names the parts", all(name in text for name in ("pcap", "ring", "veth", "l3fwd")), text)


def main():
    cases = dataplane.Cases()
    compares(cases)
    tells(cases)
    helps(cases)
    with tempfile.TemporaryDirectory(prefix="poise-test-") as folder:
        refuses(cases, folder)
    return cases.status()


if __name__ == "__main__":
    sys.exit(main())
