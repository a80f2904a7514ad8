#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""Every alert of configs/prometheus fires for what it is about, in time, and is silent for its healthy twin."""

import json
import os
import re
import subprocess
import sys
import tempfile

RULES = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../configs/prometheus/poise.rules.yml"))
PAGE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../docs/monitoring.md"))
BAD, GOOD = 'instance="bad"', 'instance="good"'

# alert: when it must fire, when it must not yet (None: no waiting), the series with {} for the instance, and their
# values in steps of 10 s: of the bad instance, of the good one.
CASES = {
    "PoisedDown": ("40s", "20s", [('up{{job="poise",{}}}', "0x60", "1x60")]),
    "PoiseNotReady": ("40s", "20s", [("poise_up{{{}}}", "0x60", "1x60")]),
    "PoisePeerLost": ("40s", "20s", [('poise_sync_connected{{direction="sending",{}}}', "0x60", "1x60")]),
    "PoiseNoPath": ("20s", "0s", [('poise_path{{path="none",{}}}', "1x60", "0x60")]),
    "PoiseFallback": ("70s", "50s", [
        ('poise_path{{path="xdp",{}}}', "1x60", "1x60"),
        ('poise_dataplane_state{{state="off",{}}}', "0x60", "1x60")]),
    "PoiseCrashLoop": ("10s", None, [("poise_dataplane_crash_loop{{{}}}", "1x60", "0x60")]),
    "PoiseDataplaneEnded": ("2m", None, [
        ('poise_dataplane_ends_total{{reason="killed",{}}}', "0 0 1x60", "1x60"),
        ('poise_dataplane_ends_total{{reason="planned",{}}}', "0x60", "0 0 1x60")]),
    "PoiseWorkerHangs": ("20s", "0s", [('poise_worker_heartbeat_age_seconds{{worker="0",{}}}', "5x60", "0.001x60")]),
    "PoiseWorkerSaturated": ("12m", "4m", [('poise_worker_load_ratio{{worker="0",{}}}', "1x90", "0.5x90")]),
    "PoiseServiceDown": ("20s", "0s", [('poise_service_backends_up{{service="web",{}}}', "0x60", "1x60")]),
    "PoiseBackendDown": ("70s", "50s", [('poise_backend_up{{service="web",backend="a",{}}}', "0x60", "1x60")]),
    "PoiseBackendFlaps": ("2m", None, [
        ('poise_backend_up{{service="web",backend="a",{}}}', "0 1 0 1 0 1 0 1x60", "1 0 1x60")]),
    "PoiseTwoPrimaries": ("10s", None, [('poise_service_two_primaries{{service="db",{}}}', "1x60", "0x60")]),
    "PoiseFlowTableFilling": ("6m", "4m", [
        ("poise_flow_table_used{{{}}}", "85x60", "75x60"), ("poise_flow_table_capacity{{{}}}", "100x60", "100x60")]),
    "PoiseFlowTableFull": ("1m", None, [
        ('poise_packets_total{{verdict="table_full",kind="drop",{}}}', "0+1x60", "7x60")]),
    "PoiseSynFlood": ("4m", "30s", [('poise_flow_events_total{{event="flow_evicted",{}}}', "0+1000x60", "0+50x60")]),
    "PoiseSourcesLimited": ("4m", "30s", [
        ('poise_packets_total{{verdict="source_rate",kind="drop",{}}}', "0+500x60", "0+10x60"),
        ('poise_packets_total{{verdict="source_flows",kind="drop",{}}}', "0+500x60", "0+10x60"),
        ('poise_packets_total{{verdict="denied",kind="drop",{}}}', "0+1x60", "0+5000x60")]),
    "PoiseNoBackend": ("2m", "10s", [
        ('poise_packets_total{{verdict="no_backend",kind="drop",{}}}', "0+1x60", "7x60")]),
    "PoiseSnatExhausted": ("1m", None, [
        ('poise_packets_total{{verdict="snat_exhausted",kind="drop",{}}}', "0+1x60", "7x60")]),
    "PoiseNoNextHop": ("3m", "30s", [
        ('poise_packets_total{{verdict="no_next_hop",kind="drop",{}}}', "0+1x60", "7x60")]),
    "PoisePacketsLost": ("3m", "30s", [
        ('poise_packets_total{{verdict="tx_full",kind="drop",{}}}', "0+1x60", "7x60"),
        ('poise_packets_total{{verdict="no_service",kind="drop",{}}}', "7x60", "0+1x60")]),
    "PoiseReloadFailed": ("2m", None, [
        ('poise_reloads_total{{result="failed",{}}}', "0 0 1x60", "1x60"),
        ('poise_reloads_total{{result="done",{}}}', "0x60", "0 0 1x60")]),
    "PoiseGuardMissing": ("70s", "50s", [("poise_guard_missing{{{}}}", "1x60", "0x60")]),
}


def firing(alert, time, count):
    """Asks at `time` for the instances of which the alert fires."""
    samples = [{"labels": '{instance="bad"}', "value": 1}] if count else []
    return {"expr": 'max by (instance) (ALERTS{alertname="%s",alertstate="firing"})' % alert, "eval_time": time,
            "exp_samples": samples}


def document(alert):
    late, early, series = CASES[alert]
    inputs = []
    for name, bad, good in series:
        inputs += [{"series": name.format(BAD), "values": bad}, {"series": name.format(GOOD), "values": good}]
    asked = [firing(alert, late, 1)] + ([firing(alert, early, 0)] if early else [])
    return {"rule_files": [RULES], "evaluation_interval": "10s",
            "tests": [{"interval": "10s", "input_series": inputs, "promql_expr_test": asked}]}


def promtool(*arguments):
    result = subprocess.run(["promtool"] + list(arguments), capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


def say(good, text, log=""):
    print("%s - %s" % ("ok" if good else "not ok", text))
    if not good:
        print(log)
    return good


def main():
    with open(RULES, encoding="utf-8") as file:
        alerts = re.findall(r"- alert: (\w+)", file.read())
    status, log = promtool("check", "rules", RULES)
    good = say(status == 0 and "%d rules found" % len(alerts) in log, "promtool check rules", log)
    good &= say(sorted(alerts) == sorted(CASES), "every alert has a case here", set(alerts) ^ set(CASES))
    with open(PAGE, encoding="utf-8") as file:
        listed = re.findall(r"^\| `(Poise\w+)` \| (\w+) \|", file.read(), re.M)
    with open(RULES, encoding="utf-8") as file:
        severities = re.findall(r"severity: (\w+)", file.read())
    good &= say(listed == list(zip(alerts, severities)), "docs/monitoring.md lists the alerts as they are", listed)
    with tempfile.TemporaryDirectory() as directory:
        for alert in alerts:
            path = os.path.join(directory, alert + ".yml")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(document(alert), file)  # JSON is YAML
            status, log = promtool("test", "rules", path)
            good &= say(status == 0, "%s fires, and only then" % alert, log)
        config = os.path.join(directory, "prometheus.yml")
        source = os.path.join(os.path.dirname(RULES), "prometheus.yml")
        for name, text in ((config, open(source, encoding="utf-8").read()),
                           (os.path.join(directory, "poise.rules.yml"), open(RULES, encoding="utf-8").read())):
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
        status, log = promtool("check", "config", config)
        good &= say(status == 0, "promtool check config of the example", log)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
