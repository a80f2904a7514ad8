#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""The manual pages: rendered without a warning, with the options that the programs say they have, and all verbs."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("POISE_BUILD", ROOT / "build"))
PAGES = ("poisectl.1", "poise.conf.5", "poise-dataplane.8", "poised.8")
failed = 0


def case(text, good, more=""):
    global failed
    failed += not good
    print("%s - %s%s" % ("ok" if good else "not ok", text, "" if good else ": " + str(more)))


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          env=dict(os.environ, MANWIDTH="80", LC_ALL="C.UTF-8"))


def rendered(page):
    return run("man", "-l", BUILD / "docs" / page).stdout


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


for page in PAGES:
    shown = run("man", "--warnings=w", "-l", BUILD / "docs" / page)
    case("man shows %s" % page, shown.returncode == 0 and len(shown.stdout) > 1000, shown.stderr)
    case("man has no warning about %s" % page, not shown.stderr, shown.stderr)
    groff = run("groff", "-K", "utf8", "-ww", "-man", "-z", BUILD / "docs" / page)
    case("groff has no warning about %s" % page, groff.returncode == 0 and not groff.stderr, groff.stderr)

help_text = run(BUILD / "control/poised", "--help").stdout
case("poised(8) has the options of poised --help", options(rendered("poised.8")) == options(help_text),
     options(rendered("poised.8")) ^ options(help_text))
help_text = run(BUILD / "dataplane/poise-dataplane", "--no-huge", "--", "--help").stdout.partition("Every worker")[0]
told = options("\n".join(line.split("   ")[0] for line in help_text.splitlines() if line.startswith("  --")))
page = rendered("poise-dataplane.8")
case("poise-dataplane(8) has the options of poise-dataplane --help",
     len(told) > 5 and told <= options(page), told - options(page))

verbs = re.findall(r"^CP_COMMAND\((\w+),", (ROOT / "control/cmds.def").read_text(encoding="utf-8"), re.M)
page = rendered("poisectl.1")
lacks = [verb for verb in verbs if not re.search(r"^       %s\b" % verb, page, re.M)]
case("poisectl(1) has all %d verbs" % len(verbs), verbs and not lacks, lacks)
sys.exit(1 if failed else 0)
