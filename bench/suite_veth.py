# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""R5: the balancer's processor time for a connection and a request of real clients, in bench/veth."""

import json
import os
import subprocess

import results
import world
from progress import say

CASES = ("routed", "nft", "haproxy", "nginx", "poise", "xdp")
TESTS = {"new": "new connection", "keep": "keep-alive request"}


def lines_of(command, seconds):
    """The JSON lines that a program prints while it runs."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=world.ROOT)
    try:
        for line in process.stdout:
            yield json.loads(line)
        if process.wait(seconds):
            raise RuntimeError("%s: %s" % (os.path.basename(command[0]), process.stderr.read().strip()[-300:]))
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def summed(rows):
    return {"us": results.summary([row["balancer_ns"] / 1000 / row["requests"] for row in rows]),
            "per_second": results.summary([row["requests"] / row["seconds"] for row in rows])}


def veth(report, raw, _hz, full):
    rows, wrong = [], []
    for row in lines_of([os.path.join(world.ROOT, "bench/veth"), "5" if full else "3", "2"], 60):
        raw.add(row)
        rows.append(row)
        if row["errors"] or not row["requests"]:
            wrong.append("%s, %s: %d requests, %d errors" % (row["case"], TESTS[row["test"]], row["requests"],
                                                             row["errors"]))
    section = report["veth"] = {"void": wrong, "cases": {}}
    if wrong:
        say("veth: void: " + "; ".join(wrong))
        return
    for case in CASES:
        section["cases"][case] = {test: summed(mine) for test, mine in
                                  ((test, [row for row in rows if row["case"] == case and row["test"] == test])
                                   for test in TESTS) if mine}
        say("veth: %-8s %s" % (case, ", ".join("%.1f us a %s" % (one["us"]["median"], TESTS[test])
                                               for test, one in section["cases"][case].items())))
