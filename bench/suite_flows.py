# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""What is not a packet of an established flow (R1): new connections, floods, pauses, workers, hand-off, memory."""

import statistics
import tempfile
import time

import results
import rig_null
from progress import say


def rig(flows, **arguments):
    """A rig in a folder of its own, closed with the `with`."""
    class Opened:
        def __enter__(self):
            self.pages = rig_null.pages(flows, 2)
            self.pages.__enter__()
            self.folder = tempfile.TemporaryDirectory(prefix="poise-bench-")
            self.rig = rig_null.NullRig(self.folder.name, flows, **arguments)
            return self.rig

        def __exit__(self, *_):
            self.rig.close()
            self.folder.cleanup()
            self.pages.__exit__()
    return Opened()


def connections(report, raw, hz, full):
    """Whole connections of six packets, removed by the sweep a second after their end. The first seconds fill the
    table; from then on as many flows go as come."""
    wrong, steady = [], []
    with rig(1000, max_flows=12000000, closing=1) as one:
        for turn in range(15 if full else 10):
            row = one.window("poise", "life", 1000)
            raw.add(dict(row, rig="connections", round=turn))
            why = rig_null.wrong(row)
            wrong += [why] if why else []
            steady += [row] if turn >= 5 else []
        left = one.ask("drain 8000")
    rates = [row["flow_created"] * 1e9 / row["cpu_ns"] for row in steady]
    removed = sum(row.get("flow_expired", 0) for row in steady) / sum(row["flow_created"] for row in steady)
    made = {"void": wrong, "removed_of_created": removed, "left_after_drain": left["flows"]}
    if not 0.85 < made["removed_of_created"] < 1.2:
        wrong.append("%.2f flows were removed for each that was made" % made["removed_of_created"])
    if not wrong:
        made["per_second"] = results.summary(rates)
        made["ticks"] = results.summary([hz / rate for rate in rates])
    report["connections"] = made
    say("connections: " + ("void: %s" % wrong if wrong else "%.2f M/s, whole life of six packets" %
                           (made["per_second"]["median"] / 1e6)))


def flood(report, raw, hz, full):
    """SYNs of ever new clients: into a table with room, then into a full one, where each evicts another."""
    wrong, inserts, evictions = [], [], []
    with rig(1000, max_flows=10000000, half_open=30) as one:
        for turn in range(5 if full else 4):
            row = one.window("poise", "flood", 300)
            raw.add(dict(row, rig="flood", round=turn))
            why = rig_null.wrong(row)
            wrong += [why] if why else []
            if turn:  # the first one touches memory for the first time
                inserts.append(row["flow_created"] * 1e9 / row["cpu_ns"])
    with rig(1000, max_flows=200000, half_open=30) as one:
        one.window("poise", "flood", 500)
        for turn in range(3):
            row = one.window("poise", "flood", 300)
            raw.add(dict(row, rig="flood-full", round=turn))
            why = rig_null.wrong(row)
            wrong += [why] if why else []
            evictions.append(row["flow_created"] * 1e9 / row["cpu_ns"])
    made = {"void": wrong}
    if not wrong:
        made["inserts_per_second"] = results.summary(inserts)
        made["evictions_per_second"] = results.summary(evictions)
        made["ticks"] = results.summary([hz / rate for rate in inserts])
    report["flood"] = made
    say("flood: " + ("void: %s" % wrong if wrong else "%.2f M/s inserts, %.2f M/s into a full table" %
                     (made["inserts_per_second"]["median"] / 1e6, made["evictions_per_second"]["median"] / 1e6)))


# By what the flows do: those that are there stay, or they come and go, which keeps the sweep at work for long after.
PAUSES = ({
    "io, full bursts": ("io", "uniform", False),
    "poise, full bursts": ("poise", "uniform", False),
    "poise, full bursts, snapshot swaps": ("poise", "uniform", True),
    "io, no packets": ("io", "off", False),
    "poise, no packets": ("poise", "off", False),
    "poise, no packets, snapshot swaps": ("poise", "off", True),
}, {
    "poise, connections come and go": ("poise", "life", False),
    "poise, SYN flood, half-open flows expire": ("poise", "flood", False),
    "poise, no packets, flows of the flood expire": ("poise", "off", False),
})
PAUSE_MS = 1     # shorter than from one tick of the kernel to the next
PAUSE_RUNS = 50  # in a row, with the processor for itself
PAUSE_GOAL_NS = 20000
PAUSE_FIELDS = ("p50_ns", "p99_ns", "p999_ns", "p9999_ns")


def pauses(report, raw, _hz, full):
    """How long a turn of the loop takes, beside io in the same minute. Runs are short, and those in which the kernel
    interrupted the processor are left out by its own count. What is left besides Poise is the host, which takes the
    processor away from io as often as from Poise: so the share of runs with a turn above the goal is told of both.
    Turns are told apart by what they did, so each cause of a pause has a line of its own."""
    found, wrong = {}, []
    for cases in PAUSES:
        with rig(1000000, max_flows=8000000, half_open=1) as one:
            for turn in range(24 if full else 8):
                for name, (mode, pattern, swap) in cases.items():
                    row = one.pauses(mode, pattern, PAUSE_MS, PAUSE_RUNS, swap)
                    raw.add(dict(row, rig="pauses", name=name, round=turn, swap=swap))
                    why = rig_null.wrong(row)
                    wrong += ["%s: %s" % (name, why)] if why else []
                    found.setdefault(name, []).append(row)
                    if pattern == "flood":  # until its flows are over; what the sweep did not look at meanwhile is due
                        time.sleep(1)
    report["pauses"] = made = {"void": wrong, "run_ms": PAUSE_MS, "goal_ns": PAUSE_GOAL_NS, "turns": {}, "causes": {}}
    for name, rows in found.items():
        longest = sorted(ns for row in rows for ns in row["longest_of_runs_ns"])
        runs = sum(row["runs"] for row in rows)
        if len(longest) < 20:
            wrong.append("%s: %d of %d runs without an interrupt" % (name, len(longest), runs))
            continue
        made["turns"][name] = dict(of_turns(rows), runs=runs, quiet=len(longest),
                                   longest_median_ns=statistics.median(longest),
                                   above_goal=sum(ns > PAUSE_GOAL_NS for ns in longest) / len(longest))
        for cause in ("sweep", "swap") if "swaps" in name else ("sweep",):
            parts = [row[cause] for row in rows if row[cause]["count"]]
            if parts and name.startswith("poise"):
                made["causes"]["%s: turns with a %s" % (name, {"sweep": "slice of the sweep",
                                                              "swap": "new snapshot"}[cause])] = of_turns(parts)
    for name, one in made["turns"].items():
        say("pauses: %-41s p50 %.1f p99 %.1f p99.99 %.1f longest of a run %.1f us, %.1f %% above %.0f" % (
            name, *(one[field] / 1000 for field in ("p50_ns", "p99_ns", "p9999_ns", "longest_median_ns")),
            100 * one["above_goal"], PAUSE_GOAL_NS / 1000))


def of_turns(rows):
    """Of several groups of runs: the median group, and of how many turns."""
    return {"count": sum(row["count"] for row in rows),
            **{field: statistics.median(row[field] for row in rows) for field in PAUSE_FIELDS}}


def workers(report, raw, hz, full):
    """One worker against two, each with its own flows; then two that get each other's packets too. The workers make
    their packets themselves, the main thread sleeps; two of them use both processors of this machine, this script
    and the rest of the system included."""
    flows, rounds, wrong, rows = 100000, 7 if full else 4, [], []
    with rig(flows, lcores="0@0,1@1", backends=1, name="one") as one, \
            rig(flows, lcores="0@0,1@1,2@0", backends=1, name="two") as two:
        for turn in range(rounds):
            for name, which, pattern in (("one", one, "uniform+own"), ("two", two, "uniform+own"),
                                         ("two, any packet", two, "uniform")):
                which.resume()
                row = which.window("poise", pattern, 700)
                which.pause()
                raw.add(dict(row, rig="workers", name=name, round=turn))
                # A hand-off ring may fill when the other worker has lost its processor; that is counted.
                why = rig_null.wrong(row, all_forwarded="any" not in name)
                wrong += ["%s: %s" % (name, why)] if why else []
                rows.append(dict(row, name=name, round=turn))
    report["workers"] = made = {"void": wrong}
    if wrong:
        say("workers: void: %s" % wrong)
        return
    by = {name: {row["round"]: row for row in rows if row["name"] == name} for name in {row["name"] for row in rows}}
    rate = {name: {turn: row["packets"] * 1e9 / row["wall_ns"] for turn, row in found.items()}
            for name, found in by.items()}
    ticks = {name: {turn: row["cpu_ns"] * hz / 1e9 / row["packets"] for turn, row in found.items()}
             for name, found in by.items()}
    made["scaling"] = results.summary([rate["two"][turn] / rate["one"][turn] for turn in rate["one"]])
    # The same by processor time: what two cost each other where they share memory, without what the rest of the
    # system takes from them.
    made["scaling_processor"] = results.summary([2 * ticks["one"][turn] / ticks["two"][turn] for turn in ticks["one"]])
    made["ticks"] = {name: results.summary(list(found.values())) for name, found in ticks.items()}
    made["handed_share"] = statistics.median(row.get("handoff", 0) / row["packets"]
                                             for row in by["two, any packet"].values())
    made["handoff_full"] = sum(row.get("handoff_full", 0) for row in by["two, any packet"].values())
    made["handoff_ticks"] = results.summary([(ticks["two, any packet"][turn] - ticks["two"][turn]) /
                                             made["handed_share"] for turn in ticks["two"]])
    say("workers: two are %.2f x one (%.2f by processor time); a hand-off costs %.0f ticks (%.0f %% handed over)" %
        (made["scaling"]["median"], made["scaling_processor"]["median"], made["handoff_ticks"]["median"],
         100 * made["handed_share"]))


def snat(report, raw, _hz, _full):
    """Full NAT: is the whole port range used before the first flow is refused, and does each reply come back to the
    worker that owns its flow, on a NIC that hashes as the dataplane tells it to (DPDK's software Toeplitz)?"""
    wrong = []
    with rig(1000, nat="full", backends=1, max_flows=200000) as one:
        for _ in range(100):
            row = one.window("poise", "flood", 5)
            raw.add(dict(row, rig="snat"))
            why = rig_null.wrong(row, all_forwarded=False)
            wrong += [why] if why else []
            if row.get("snat_exhausted"):
                break
        alone = one.ask("snat 60000")
    with rig(1000, lcores="0@0,1@1,2@0", nat="full", backends=1, max_flows=200000, name="two") as two:
        while two.window("poise", "flood", 2)["flows"] < 8000:
            pass
        pair = two.ask("snat 60000")
    report["snat"] = {"void": wrong, "range": alone["range"], "used_before_refusal": alone["refused_at"],
                      "flows": pair["with_port"], "replies_at_owner": pair["landed"]}
    if not wrong:
        say("snat: %d of %d ports in use at the first refusal; %d of %d replies hash to their owner's queue" %
            (alone["refused_at"], alone["range"], pair["landed"], pair["with_port"]))


def memory(report, _raw, _hz, _full):
    """10 million flows: what they take."""
    flows = 10000000
    with rig(flows) as one:
        row = one.window("poise", "uniform", 200)
    why = rig_null.wrong(row)
    report["memory"] = {"void": [why] if why else [], "flows": row["flows"], "table_bytes": row["table_bytes"],
                        "bytes_per_flow": row["table_bytes"] / flows, "fits_one_gib": row["table_bytes"] <= 1 << 30}
    say("memory: %d flows in %.0f MiB, %.1f bytes each" % (row["flows"], row["table_bytes"] / 1048576,
                                                          row["table_bytes"] / flows))
