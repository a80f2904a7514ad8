#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
#
# Relative links in the Markdown pages lead to files that exist, and their #fragments to headings.
set -eu
cd "$(dirname "$0")/../.."
exec /usr/bin/python3 - <<'EOF'
import pathlib
import re
import sys

LINK = re.compile(r'!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|\b(?:src|srcset|href)="([^"]+)"')
FENCE = re.compile(r"^\s*(```|~~~)")


def prose(path):
    """(number, line) outside of code blocks."""
    fenced = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, line


def headings(path):
    """Fragments as GitHub makes them from headings; a repeated one gets -1, -2 and so on."""
    seen = {}
    for _, line in prose(path):
        if not re.match(r"#{1,6} ", line):
            continue
        text = line.lstrip("#").strip().replace("`", "")
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        yield slug if not count else f"{slug}-{count}"


def pages():
    yield from pathlib.Path(".").glob("*.md")
    for folder in ("docs", "configs", "bench", "tests"):
        yield from pathlib.Path(folder).rglob("*.md")


def wrong(page, target):
    """What is wrong with a link on a page, or None."""
    if re.match(r"[a-z][a-z0-9+.-]*:|//", target):
        return None
    file, _, fragment = target.partition("#")
    there = (page.parent / file) if file else page
    if not there.exists():
        return "no such file"
    if not there.resolve().is_relative_to(pathlib.Path(".").resolve()):
        return "leaves the tree"
    if fragment and there.suffix == ".md" and fragment not in set(headings(there)):
        return "no such heading"
    return None


links = failures = 0
for page in sorted(pages()):
    for number, line in prose(page):
        for match in LINK.finditer(re.sub(r"`[^`]*`", "", line)):
            target = match[1] or match[2]
            links += 1
            text = wrong(page, target)
            if text:
                failures += 1
                print(f"{page}:{number}: {target}: {text}")
print(f"{links} links, {failures} broken")
sys.exit(1 if failures or not links else 0)
EOF
