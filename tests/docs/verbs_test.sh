#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# docs/operations.md lists the verbs of poisectl as control/cmds.def has them: name, arguments, order.
set -eu
cd "$(dirname "$0")/../.."
exec /usr/bin/python3 - <<'EOF'
import re
import sys

ENTRY = re.compile(r'^CP_COMMAND\((\w+), "([^"]*)"', re.M)
ROW = re.compile(r"^\| `([a-z]+)(?: ([^`]*))?` \| .* \|$")

code = [entry.groups() for entry in ENTRY.finditer(open("control/cmds.def", encoding="utf-8").read())]
with open("docs/operations.md", encoding="utf-8") as page:
    section = page.read().partition("\n## poisectl\n")[2].partition("\n### ")[0]
rows = [match.groups("") for match in map(ROW.match, section.splitlines()) if match]
page = [(verb, syntax.replace("\\|", "|")) for verb, syntax in rows]

for entry in code:
    if entry not in page:
        print("docs/operations.md lacks:", *entry)
for entry in page:
    if entry not in code:
        print("control/cmds.def has no:", *entry)
if not code:
    print("control/cmds.def: no verb found")
if sorted(code) == sorted(page) and code != page:
    print("the order differs")
sys.exit(0 if code and code == page else 1)
EOF
