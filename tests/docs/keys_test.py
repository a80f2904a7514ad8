#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Every key that the configuration reader takes is in docs/configuration.md and in poise.conf(5), and no other."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("POISE_BUILD", ROOT / "build"))

CONFIG = """
dataplane = { mode = "vdev"; };
ports = ( { name = "p"; vdev = "net_null0"; } );
services = ( { name = "web"; vip = "203.0.113.10"; port = 80;
               backends = ( { name = "web1"; address = "10.0.0.11"; } ); } );
ha = { node = 0; listen = "10.0.0.1:9651"; peer = "10.0.0.2:9651"; key_file = "/key"; };
neighbors = ( { address = "10.0.0.0/8"; mac = "02:00:00:00:00:01"; port = "p"; } );
"""
# Titles of the reader's groups that the page's headings call otherwise.
HEADINGS = {"": "the file", "port": "ports", "service": "services", "backend": "backends", "neighbor": "neighbors"}


def read_by_poised():
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(CONFIG)
        file.flush()
        text = subprocess.run([BUILD / "tests/unit/reader_keys", file.name], check=True, capture_output=True,
                              text=True).stdout
    groups = {}
    for line in text.splitlines():
        title, keys = line.split("\t")
        name = title.split(" ")[0]
        groups.setdefault(HEADINGS.get(name, name), set()).update(keys.split())
    return groups


def on_page():
    """Group -> keys of the tables that begin with `key`; what stands below a heading without code belongs to the last
    group; the headings of the second level in code are the keys of the file itself."""
    groups, group = {"the file": set()}, None
    table = False
    for line in (ROOT / "docs/configuration.md").read_text(encoding="utf-8").splitlines():
        heading = re.match(r"(##+) (?:`(\w+)`)?", line)
        if heading and heading[2]:
            group = heading[2]
            if heading[1] == "##":
                groups["the file"].add(group)
        row = re.match(r"\| (?:`(\w+)`|(key)) \|", line)
        table = bool(row and (row[2] or table)) or (table and line.startswith("|"))
        if table and row and row[1]:
            groups.setdefault(group, set()).add(row[1])
    return groups


def in_manual():
    text = (BUILD / "docs/poise.conf.5").read_text(encoding="utf-8")
    return set(re.findall(r"^\\fB([a-z_]+)\\fR \(", text, re.M))


def main():
    reader, page, manual = read_by_poised(), on_page(), in_manual()
    wrong = 0
    for group in sorted(set(reader) | set(page)):
        for here, there, what in ((reader, page, "docs/configuration.md has no"),
                                  (page, reader, "the reader knows no")):
            lacks = sorted(here.get(group, set()) - there.get(group, set()))
            wrong += len(lacks)
            if lacks:
                print("not ok - %s: %s %s" % (group, what, ", ".join(lacks)))
        print("ok - %s: %d keys" % (group, len(page.get(group, ()))))
    lacks = sorted(set().union(*(keys for group, keys in reader.items() if group != "the file")) - manual)
    print("%s - poise.conf(5) has all of them%s" % ("not ok" if lacks else "ok", ": lacks " + ", ".join(lacks)
                                                    if lacks else ""))
    if len(reader) < 10 or wrong or lacks:
        sys.exit(1)


main()
