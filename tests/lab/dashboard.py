#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""dashboard.py PROMETHEUS: does a running Prometheus understand every query of the dashboard and of the alerts, and
have a metric for each name in them? Prints what it does not; the last line counts queries and names."""

import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
VARIABLES = {"$__rate_interval": "30s", "$instance": ".*", "$service": ".*"}


def ask(base, path, **arguments):
    url = "%s/api/v1/%s?%s" % (base, path, urllib.parse.urlencode(arguments))
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return {"status": "error", "error": error.read().decode(errors="replace")[:200]}


def expressions(value):
    """Every "expr" anywhere in a JSON document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "expr":
                yield inner
            else:
                yield from expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner)


def queries():
    with open(os.path.join(ROOT, "configs/grafana/poise.json"), encoding="utf-8") as file:
        yield from expressions(json.load(file))
    with open(os.path.join(ROOT, "configs/prometheus/poise.rules.yml"), encoding="utf-8") as file:
        yield from re.findall(r"^\s+expr: (.+)$", file.read(), re.M)


def main(base):
    there = set(ask(base, "label/__name__/values")["data"])
    count, names, bad = 0, set(), 0
    for query in queries():
        count += 1
        for name, value in VARIABLES.items():
            query = query.replace(name, value)
        answer = ask(base, "query", query=query)
        if answer["status"] != "success" or "$" in query:
            bad += 1
            print("not understood: %s: %s" % (query, answer.get("error")))
        names |= set(re.findall(r"\bpoise_\w+", query))
    for name in sorted(names - there):
        bad += 1
        print("no metric has the name %s" % name)
    print("%d queries, %d names" % (count, len(names)))
    return 1 if bad or count < 50 or len(names) < 30 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
