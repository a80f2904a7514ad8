# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""What Poise means to reach, and what a report says of it. A part that was not measured has no line."""

NET = {"1000": 75, "100000": 100, "1000000": 130, "10000000": 160}  # ticks above io, net_null
TEXT = {"1": "one flow", "1000": "1 k flows", "100000": "100 k flows", "1000000": "1 M flows",
        "10000000": "10 M flows"}


def median(report, *path):
    """The value at the end of a path through the report, or None."""
    for name in path:
        report = report.get(name) if isinstance(report, dict) else None
        if report is None:
            return None
    return report["median"] if isinstance(report, dict) and "median" in report else report


def most(what, goal, value, form="%.0f"):
    return [] if value is None else [(what, "at most " + form % goal, form % value, value <= goal)]


def least(what, goal, value, form="%.0f"):
    return [] if value is None else [(what, "at least " + form % goal, form % value, value >= goal)]


def programs(report, section, flows):
    return report.get(section, {}).get("flows", {}).get(flows, {}).get("programs", {})


def path(report):
    found = []
    for flows, goal in NET.items():
        found += most("ticks a packet above io, " + TEXT[flows], goal,
                      median(programs(report, "null", flows), "poise", "net"))
    few, many = (median(programs(report, "null", flows), "poise", "ticks") for flows in ("1000", "10000000"))
    if few and many:
        found += most("ticks a packet at 10 M flows over those at 1 k", 1.7, many / few, "%.2f")
    for section, rival, name in (("pcap", "testpmd csum", "testpmd csum, net_pcap"), ("l3fwd", "l3fwd em", "l3fwd"),
                                 ("null", "csum", "csum, net_null")):
        for flows, text in TEXT.items():
            found += most("ticks beside %s, %s" % (name, text), 1,
                          median(programs(report, section, flows), rival, "poise_ratio"), "%.2f x")
    return found


def connections(report):
    def millions(*where):
        value = median(report, *where)
        return value and value / 1e6

    found = least("new TCP connections a second, six packets each", 1.2, millions("connections", "per_second"),
                  "%.2f M")
    found += least("flows of a SYN flood a second", 5, millions("flood", "inserts_per_second"), "%.2f M")
    found += most("bytes a flow, both directions, all in", 80, median(report, "memory", "bytes_per_flow"), "%.1f")
    found += most("10 M flows, MiB", 1024, millions("memory", "table_bytes") and
                  median(report, "memory", "table_bytes") / 1048576)
    for what, part, whole in (("full NAT, ports in use at the first refusal", "used_before_refusal", "range"),
                              ("full NAT, replies that hash to their owner's queue", "replies_at_owner", "flows")):
        one = report.get("snat", {})
        if part in one:
            found += least(what, 100, 100 * one[part] / one[whole], "%.1f %%")
    found += least("two workers against one", 1.9, median(report, "workers", "scaling"), "%.2f x")
    return found


def waits(report):
    found = []
    turns = report.get("pauses", {}).get("turns", {})
    for name, one in turns.items():
        floor = turns.get("io, no packets" if "no packets" in name else "io, full bursts")
        if name.startswith("poise") and floor:
            # Of the runs of io as many have one: the host. And two standard deviations, as both are samples.
            share = floor["above_goal"]
            chance = 2 * (share * (1 - share) * (1 / floor["quiet"] + 1 / one["quiet"])) ** 0.5
            found += most("runs of %d ms with a turn above %.0f us, %s" % (
                report["pauses"]["run_ms"], report["pauses"]["goal_ns"] / 1000, name[7:]),
                100 * (share + chance), 100 * one["above_goal"], "%.1f %%")
    for field, goal in (("p50_ns", 1.5), ("p99_ns", 2)):
        found += most("%s on net_ring at half load, beside macswap" % field[:3], goal,
                      median(report, "ring", "ratios", "half", field), "%.2f x")
    return found


def kernel(report):
    found = []
    cases = report.get("veth", {}).get("cases", {})
    for test, text in (("new", "new connection"), ("keep", "keep-alive request")):
        for rival, name in (("haproxy", "HAProxy"), ("nginx", "nginx")):
            ours, theirs = median(cases, "poise", test, "us"), median(cases, rival, test, "us")
            if ours and theirs:
                found += most("processor time of a %s on veth, beside %s" % (text, name), 1, ours / theirs, "%.2f x")
    for name, by_flows in report.get("xdp", {}).get("programs", {}).items():
        for flows, one in by_flows.items():
            found += most("XDP program, scaled ns, %s flow of %s" % (name, TEXT[flows]), one["goal"],
                          one["scaled"]["median"])
    return found


def all_of(report):
    """[(what, goal, measured, reached)]"""
    return path(report) + connections(report) + waits(report) + kernel(report)
