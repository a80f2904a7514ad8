# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""The tables and plots of docs/performance.md, from a report. A table stands between two comments in the page."""

import os
import re

import goals
import svg
import world
from report import PATHS, RING_LOADS, RIVALS, flows_text, scaled, spread

PAGE = os.path.join(world.ROOT, "docs/performance.md")
IMAGES = os.path.join(world.ROOT, "docs/images")
VETH_NAMES = {"routed": "plain routing, no balancer", "nft": "nftables DNAT", "haproxy": "HAProxy, TCP, 1 thread",
              "nginx": "nginx stream, 1 worker", "poise": "Poise, AF_XDP copy mode",
              "xdp": "Poise, its XDP program"}


def rows(head, lines):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] +
                     ["| " + " | ".join(line) + " |" for line in lines])


def machine(report):
    facts = report["machine"]
    keys = (("processor", "cpu"), ("processors", "processors"), ("memory", "memory"), ("kernel", "kernel"),
            ("kernel command line, of interest", "kernel_command_line"), ("DPDK", "dpdk"), ("compiler", "compiler"),
            ("flags of the packet path", "flags"), ("revision", "revision"))
    lines = [[name, "`%s`" % facts[key]] for name, key in keys]
    lines.insert(2, ["TSC", "%.3f GHz" % (facts["tsc_hz"] / 1e9)])
    lines += [["mitigation: " + name, text] for name, text in facts["mitigations"].items()]
    lines.append(["begin of the parts", ", ".join("%s %s%s" % (name, run["begin"], length(run))
                                                  for name, run in report["runs"].items())])
    return rows(["", ""], lines)


def length(run):
    return " (cut short)" if run.get("cut") else "" if run["full"] else " (short)"


def discarded(made):
    """Fewer than three good rounds: all were kept, and the reader must know."""
    if made["discarded_rounds"] < 0:
        return "none; %d of %d should have been" % (-made["discarded_rounds"], made["rounds"])
    return "%d of %d" % (made["discarded_rounds"], made["rounds"])


def path(by_flows):
    names, lines = [], []
    for made in by_flows.values():
        names += [name for name in made.get("programs", {}) if name not in names]
    rivals = [name for name in names if name.split()[-1] in RIVALS]
    for flows, made in by_flows.items():
        programs = made.get("programs", {})
        cells = ["%.0f" % programs[name]["ticks"]["median"] if name in programs else "-" for name in names]
        if programs:
            net = programs["poise"]["net"]
            cells += [spread(net), spread(programs["poise"]["ratio"], "%.2f")]
            cells += [spread(programs[name]["poise_ratio"], "%.2f") for name in rivals]
            cells.append(discarded(made))
        lines.append([flows_text(flows)] + (cells if programs else ["void"]))
    return rows(["flows"] + names + ["Poise adds", "Poise / floor"] + ["Poise / " + name.replace("testpmd ", "")
                                                                      for name in rivals] + ["discarded"], lines)


def rates(report):
    lines = []
    if "per_second" in report.get("connections", {}):
        lines += [["new TCP connections a second, six packets and removal",
                   spread(scaled(report["connections"]["per_second"], 1e-6), "%.2f") + " M"],
                  ["ticks for each of them", spread(report["connections"]["ticks"])]]
    if "inserts_per_second" in report.get("flood", {}):
        lines += [["SYN flood, flows made a second",
                   spread(scaled(report["flood"]["inserts_per_second"], 1e-6), "%.2f") + " M"],
                  ["the same into a full table, each evicts another",
                   spread(scaled(report["flood"]["evictions_per_second"], 1e-6), "%.2f") + " M"]]
    if "bytes_per_flow" in report.get("memory", {}):
        lines.append(["10 M flows, all in", "%.0f MiB, %.1f bytes a flow" % (
            report["memory"]["table_bytes"] / 1048576, report["memory"]["bytes_per_flow"])])
    if "scaling" in report.get("workers", {}):
        lines += [["two workers against one", spread(report["workers"]["scaling"], "%.2f") + " x"],
                  ["the same, by processor time", spread(report["workers"]["scaling_processor"], "%.2f") + " x"],
                  ["a packet for the other worker, more ticks", spread(report["workers"]["handoff_ticks"])]]
    if "range" in report.get("snat", {}):
        one = report["snat"]
        lines += [["full NAT, ports in use at the first refusal", "%(used_before_refusal)d of %(range)d" % one],
                  ["full NAT, replies that hash to their owner's queue", "%(replies_at_owner)d of %(flows)d" % one]]
    return rows(["what", "measured"], lines)


def turns(report):
    section = report["pauses"]
    fields = ("p50_ns", "p99_ns", "p999_ns", "p9999_ns")
    return rows(["turns of the loop, us", "p50", "p99", "p99.9", "p99.99", "longest of a run",
                 "runs with one above %.0f us" % (section["goal_ns"] / 1000), "runs"],
                [[name] + ["%.1f" % (one[field] / 1000) for field in fields + ("longest_median_ns",)] +
                 ["%.1f %%" % (100 * one["above_goal"]), "%d of %d" % (one["quiet"], one["runs"])]
                 for name, one in section["turns"].items()])


def causes(report):
    return rows(["turns that do it, us", "p50", "p99", "p99.9", "turns"],
                [[name] + ["%.1f" % (one[field] / 1000) for field in ("p50_ns", "p99_ns", "p999_ns")] +
                 ["%d" % one["count"]] for name, one in report["pauses"]["causes"].items()])


def ring(report):
    section, lines = report["ring"], []
    for name, text in RING_LOADS.items():
        for mode in ("macswap", "poise"):
            one = section[name][mode]
            ratios = section["ratios"][name]
            lines.append([text, mode, "%.3f" % (one["rate"] / 1e6), "%.2f" % (one["p50_ns"] / 1e3),
                          "%.2f" % (one["p99_ns"] / 1e3), "%.1f" % (one["p999_ns"] / 1e3),
                          "" if mode == "macswap" else "%s, %s" % (spread(ratios["p50_ns"], "%.2f"),
                                                                  spread(ratios["p99_ns"], "%.2f")),
                          "%d of %d" % (one["lost"], one["offered"]),
                          "%d" % one["discarded"] if one["discarded"] >= 0 else
                          "not quiet, away %.0f us" % one["away_us"]])
    return rows(["load", "program", "Mpps", "p50 us", "p99 us", "p99.9 us", "beside macswap: p50, p99", "lost",
                 "runs discarded"], lines)


def table(report):
    found = report["table"]["flows"]
    return rows(["flows"] + ["%s: Poise / rte_hash" % what for what in next(iter(found.values()))],
                [[flows_text(flows)] + ["%.0f / %.0f" % (what["poise"]["ticks"]["median"],
                                                         what["hash"]["ticks"]["median"]) for what in one.values()]
                 for flows, one in found.items()])


def veth(report):
    return rows(["balancer", "us a new connection", "us a keep-alive request", "connections a second",
                 "requests a second"],
                [[VETH_NAMES[case]] + [spread(tests[test]["us"], "%.1f") for test in ("new", "keep")] +
                 ["%.0f" % tests[test]["per_second"]["median"] for test in ("new", "keep")]
                 for case, tests in report["veth"]["cases"].items()])


def xdp(report):
    section = report["xdp"]
    return rows(["packet of", "flows", "ns, raw", "ns, net", "an empty program, ns", "scaled to an empty one of 22 ns",
                 "goal"],
                [[name + " flow", flows_text(flows), spread(one["ns"]), spread(one["net"]),
                  spread(section["empty"], "%.1f"), spread(one["scaled"]), "%d" % one["goal"]]
                 for name, by_flows in section["programs"].items() for flows, one in by_flows.items()])


def reached(report):
    return rows(["what", "goal", "measured", "reached"], [[what, goal, measured, "yes" if fine else "**no**"]
                                                          for what, goal, measured, fine in goals.all_of(report)])


def triple(one):
    return one["median"], one["low"], one["high"]


def plots(report):
    series = {}
    for label, by_flows, names in (("net_null", report.get("null", {}).get("flows", {}),
                                    ("poise", "csum")),
                                   ("net_pcap", report.get("pcap", {}).get("flows", {}), ("poise", "testpmd csum"))):
        for name in names:
            points = {int(flows): triple(made["programs"][name]["net"]) for flows, made in by_flows.items()
                      if name in made.get("programs", {})}
            if points:
                series["%s, %s" % (name, label)] = points
    if series:
        svg.lines(os.path.join(IMAGES, "bench-flows.svg"), "What a program adds to moving a packet", "flows",
                  "TSC ticks a packet above io", series, flows_text)
    groups = {flows_text(flows) + " flows": {name: triple(one["ticks"]) for name, one in made["programs"].items()}
              for flows, made in report.get("pcap", {}).get("flows", {}).items() if "programs" in made}
    if groups:
        svg.bars(os.path.join(IMAGES, "bench-testpmd.svg"), "Poise and stock testpmd on net_pcap",
                 "TSC ticks a packet", groups)
    found = report.get("xdp", {}).get("programs", {})
    if found.get("established"):
        svg.lines(os.path.join(IMAGES, "bench-xdp.svg"), "The XDP program, as if an empty one took 22 ns", "flows",
                  "ns a packet", {name + " flow": {int(flows): triple(one["scaled"]) for flows, one in made.items()}
                                  for name, made in found.items()}, flows_text)
    cases = report.get("veth", {}).get("cases", {})
    if cases:
        svg.bars(os.path.join(IMAGES, "bench-veth.svg"), "Balancer's processor time, real TCP over veth",
                 "microseconds", {text: {case: triple(tests[test]["us"]) for case, tests in cases.items()}
                                  for test, text in (("new", "new connection"), ("keep", "keep-alive request"))})


def write(report):
    """Replace every table of the page for which the report has something."""
    makers = {"machine": lambda: machine(report), "rates": lambda: rates(report), "goals": lambda: reached(report)}
    for name in PATHS:
        if report.get(name, {}).get("flows"):
            makers[name] = lambda name=name: path(report[name]["flows"])
    for name, maker, field in (("pauses", turns, "turns"), ("ring", ring, "most"), ("table", table, "flows"),
                               ("veth", veth, "cases"), ("xdp", xdp, "programs")):
        if report.get(name, {}).get(field):
            makers[name] = lambda maker=maker: maker(report)
    if "pauses" in makers:
        makers["pause-causes"] = lambda: causes(report)
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    for name, maker in makers.items():
        text = re.sub(r"(<!-- bench: %s -->\n).*?(<!-- end -->)" % re.escape(name),
                      lambda match, maker=maker: match.group(1) + maker() + "\n" + match.group(2), text, flags=re.S)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(text)
    plots(report)
