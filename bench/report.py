# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""A report as tables for a terminal of 80 columns."""

import goals

FORMAT = 2  # of report.json; one of another format is not added to


def voids(report):
    """Every reason why a part of the report is void."""
    found = []

    def walk(name, part):
        if isinstance(part, dict):
            found.extend("%s: %s" % (name, why) for why in part.get("void", []))
            for key, value in part.items():
                walk("%s %s" % (name, key) if name else str(key), value)
    walk("", report)
    return found


# Sections with ticks of programs by number of flows, and what they are.
PATHS = {
    "pcap": "net_pcap beside stock testpmd",
    "l3fwd": "net_pcap beside l3fwd, exact match",
    "null": "net_null, fresh headers, uniform",
    "zipf": "net_null, by popularity",
    "sequential": "net_null, in the order of creation",
    "small-pages": "net_null, table in pages of 4 KiB",
    "cold": "net_null, cold packet buffers",
    "size-512": "net_null, frames of 512 bytes",
    "size-1500": "net_null, frames of 1500 bytes",
    "size-imix": "net_null, frames of 64, 594 and 1514 bytes, 7 to 4 to 1",
}

RIVALS = ("csum", "em")  # that Poise should not be slower than: testpmd csum and l3fwd with exact match


def spread(one, form="%.0f"):
    return (form + " (" + form + ".." + form + ")") % (one["median"], one["low"], one["high"])


def flows_text(flows):
    return {"1000": "1 k", "100000": "100 k", "1000000": "1 M", "10000000": "10 M"}.get(str(flows), str(flows))


def path(title, by_flows):
    """Ticks of every program and what Poise adds, a line for each number of flows."""
    names = []
    for made in by_flows.values():
        names += [name for name in made.get("programs", {}) if name not in names]
    print(title)
    print("  %-7s" % "flows" + "".join("%16s" % name for name in names) + "   poise adds")
    for flows, made in by_flows.items():
        if made["void"]:
            print("  %-7s void" % flows_text(flows))
            continue
        line = "  %-7s" % flows_text(flows)
        for name in names:
            line += "%16.1f" % made["programs"][name]["ticks"]["median"] if name in made["programs"] else "%16s" % "-"
        net = made["programs"]["poise"]["net"]
        print(line + "   %.1f (%.1f..%.1f)" % (net["median"], net["low"], net["high"]))
        for name, one in made["programs"].items():
            if name.split()[-1] in RIVALS:
                print("          poise takes %s of %s" % (spread(one["poise_ratio"], "%.2f"), name))


def rates(report):
    if "per_second" in report.get("connections", {}):
        print("New connections, six packets and removal: %s M/s, %s ticks each" %
              (spread(scaled(report["connections"]["per_second"], 1e-6), "%.2f"),
               spread(report["connections"]["ticks"])))
    if "inserts_per_second" in report.get("flood", {}):
        print("SYN flood: %s M inserts/s; into a full table %s M/s" %
              (spread(scaled(report["flood"]["inserts_per_second"], 1e-6), "%.2f"),
               spread(scaled(report["flood"]["evictions_per_second"], 1e-6), "%.2f")))
    if "range" in report.get("snat", {}):
        print("Full NAT: %(used_before_refusal)d of %(range)d ports in use at the first refusal;\n"
              "  %(replies_at_owner)d of %(flows)d replies hash to their owner's queue" % report["snat"])
    if "bytes_per_flow" in report.get("memory", {}):
        print("Memory: 10 M flows in %.0f MiB, %.1f bytes a flow" %
              (report["memory"]["table_bytes"] / 1048576, report["memory"]["bytes_per_flow"]))
    if "scaling" in report.get("workers", {}):
        print("Two workers: %s x one, %s by processor time; a hand-off costs %s ticks" %
              (spread(report["workers"]["scaling"], "%.2f"), spread(report["workers"]["scaling_processor"], "%.2f"),
               spread(report["workers"]["handoff_ticks"])))


def scaled(one, factor):
    return {name: value * factor for name, value in one.items()}


def turns(report):
    section = report.get("pauses", {})
    if not section.get("turns"):
        return
    print("Turns of the loop, us; runs of %d ms without an interrupt" % section["run_ms"])
    print("  %-48s    p50    p99  p99.9 p99.99" % "")
    for name, one in {**section["turns"], **section["causes"]}.items():
        print("  %-48s %6.1f %6.1f %6.1f %6.1f" % (name, *(one[field] / 1000 for field in (
            "p50_ns", "p99_ns", "p999_ns", "p9999_ns"))))
    print("  runs with a turn above %.0f us: %s" % (section["goal_ns"] / 1000, "; ".join(
        "%s %.1f %%" % (name, 100 * one["above_goal"]) for name, one in section["turns"].items())))


RING_LOADS = {"half": "half of its own most", "same": "the same rate", "idle": "10000 a second",
              "few": "half, 100 flows"}


def ring(report):
    section = report.get("ring", {})
    if not section.get("most"):
        return
    print("net_ring, %d flows; without loss: macswap %.0f, poise %.0f Mpps" %
          (section["flows"], section["most"]["macswap"] / 1e6, section["most"]["poise"] / 1e6))
    for name, text in RING_LOADS.items():
        for mode in ("macswap", "poise"):
            one = section[name][mode]
            print("  %-20s %-8s %6.3f Mpps  p50 %7.2f  p99 %7.2f  p99.9 %7.1f us" %
                  (text, mode, one["rate"] / 1e6, one["p50_ns"] / 1e3, one["p99_ns"] / 1e3, one["p999_ns"] / 1e3))
        print("  %-20s poise beside macswap: p50 %s x, p99 %s x" % (
            "", *(spread(section["ratios"][name][field], "%.2f") for field in ("p50_ns", "p99_ns"))))


def table(report):
    found = report.get("table", {}).get("flows", {})
    if found:
        print("Flow table beside rte_hash, ticks")
        print("  %-7s" % "flows" + "".join("%17s" % what for what in next(iter(found.values()))))
    for flows, one in found.items():
        print("  %-7s" % flows_text(flows) + "".join(
            "%17s" % ("%.0f : %.0f" % (what["poise"]["ticks"]["median"], what["hash"]["ticks"]["median"]))
            for what in one.values()))


def veth(report):
    cases = report.get("veth", {}).get("cases", {})
    if cases:
        print("veth, wrk and nginx: us of the balancer's processor time")
        print("  %-10s%22s%22s" % ("", "a new connection", "a keep-alive request"))
    for case, tests in cases.items():
        print("  %-10s" % case + "".join("%22s" % spread(one["us"], "%.1f") for one in tests.values()))


def xdp(report):
    section = report.get("xdp", {})
    if not section.get("empty"):
        return
    print("XDP program, ns; an empty one takes %s here. Scaled: as if it took 22" % spread(section["empty"], "%.1f"))
    for name, by_flows in section["programs"].items():
        for flows, one in by_flows.items():
            print("  %-12s%7s flows %17s, net %17s, scaled %4.0f (goal %d)" %
                  (name, flows_text(flows), spread(one["ns"]), spread(one["net"]), one["scaled"]["median"],
                   one["goal"]))


def show(report):
    for name, title in PATHS.items():
        if report.get(name, {}).get("flows"):
            path(title + ", ticks a packet", report[name]["flows"])
    rates(report)
    turns(report)
    ring(report)
    table(report)
    veth(report)
    xdp(report)
    reached = goals.all_of(report)
    print("Goals: %d of %d reached" % (sum(one[3] for one in reached), len(reached)))
    for what, goal, measured, _ in (one for one in reached if not one[3]):
        print("  missed: %s: %s, goal %s" % (what, measured, goal))
    for why in voids(report):
        print("VOID: " + why)
