#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""The scoreboard: each thing that must not be fails it, and says what it was; each limit has both its sides."""

import json
import os
import subprocess
import sys
import tempfile

SCOREBOARD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scoreboard")
GOOD = {"event": "kill", "status": 0, "resets": 0, "corrupt": 0, "requests": 900, "requests_failed": 0, "gap_ms": 9.9,
        "lost": 1, "p99_ms": 0.9, "native_s": 0.4, "answered": 5000, "transfers": 2, "transfers_bad": 0, "flips": 0,
        "retransmitted_client": 40, "retransmitted_servers": 60, "resets_seen": 0, "unreachable_seen": 0,
        "poised_growth_kib": 0, "dataplane_growth_kib": 0, "left": "1 pins", "left_after": "1 pins"}
failed = 0


def check(what, ok):
    global failed
    failed += not ok
    print("%s - %s" % ("ok" if ok else "not ok", what))


def board(rows, *options):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "scores"), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        done = subprocess.run([SCOREBOARD, *options, folder], capture_output=True, text=True, check=False)
        report = os.path.join(folder, "report.json")
        if os.path.exists(report):
            with open(report, encoding="utf-8") as file:
                return done, json.load(file)
        return done, None


def verdict(**changes):
    done, report = board([dict(GOOD, event="none", lost=0, p99_ms=0.9), dict(GOOD, **changes)])
    row = report[-1]
    assert (row["verdict"] == "MISSED") == bool(done.returncode), done
    return row["verdict"], "; ".join(row["findings"])


def limits():
    check("a row at all its goals", verdict() == ("goal", ""))
    for text, changes, words in (
            ("a connection that ended", {"resets": 1}, "1 connections ended"),
            ("a message that changed", {"corrupt": 2}, "2 messages changed"),
            ("a new connection that failed", {"requests_failed": 1}, "new connections failed"),
            ("a transfer that is not whole", {"transfers_bad": 1}, "not whole"),
            ("a reset of the balancer's kernel", {"resets_seen": 1}, "resets of the balancer's kernel"),
            ("an ICMP unreachable", {"unreachable_seen": 1}, "ICMP unreachable"),
            ("a backend taken for dead", {"flips": 1}, "taken for dead"),
            ("something left behind", {"left_after": "2 pins"}, "left behind: 2 pins"),
            ("an event that did not work out", {"status": 1}, "did not work out"),
            ("workers that never came back", {"native_s": -1}, "did not carry"),
            ("too little traffic", {"answered": 10}, "too few"),
            ("a long gap", {"gap_ms": 50.1}, "longest gap 50.1 ms"),
            ("lost messages", {"lost": 6}, "lost 6, must be 5"),
            ("segments sent again by thousands", {"retransmitted_servers": 3000}, "sent again 3040"),
            ("memory that grows", {"event": "reloads", "lost": 0, "dataplane_growth_kib": 5000},
             "memory grown 5000 KiB"),
            ("slower answers under reloads", {"event": "reloads", "lost": 0, "p99_ms": 11.1}, "p99 above"),
            ("a loss where none may be", {"event": "restart", "lost": 1}, "lost 1, must be 0")):
        got, findings = verdict(**changes)
        check(text + " is a miss, in words", got == "MISSED" and words in findings)
    got, findings = verdict(gap_ms=11)
    check("between goal and must it is no miss, and said", got == "must" and findings == "longest gap 11 ms, go for 10")
    check("a link that is down has its gap", verdict(event="link_flap", gap_ms=510, lost=500)[0] == "goal")
    check("backends that flap flip", verdict(event="backend_flap", lost=0, flips=3)[0] == "goal")
    check("but do not lose", verdict(event="backend_flap", lost=1, flips=3)[0] == "MISSED")


def lines():
    rows = [dict(GOOD, event="none", lost=0), dict(GOOD, event="reloads", requests=10600, lost=2445, gap_ms=1046.6)]
    done, _ = board(rows, "--row", "reloads")
    head, _ = board(rows, "--head")
    out = done.stdout.splitlines()
    check("no line of the table is wider than 100", max(len(text) for text in out[:1] + [head.stdout.rstrip()]) <= 100)
    check("a row that missed says what, below it", "MISSED" in out[0] and "lost 2445" in done.stdout)
    check("rows come in the order of the events",
          [row["event"] for row in board(list(reversed(rows)))[1]] == ["none", "reloads"])
    check("an empty scoreboard is an error", board([])[0].returncode != 0)


limits()
lines()
sys.exit(1 if failed else 0)
