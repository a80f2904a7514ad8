#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The Poise authors
"""look.py URL FOLDER DOWN UP: looks at the status page as a person with a browser would: wide and narrow, light and
dark. The commands DOWN and UP take a backend away and bring it back. Screenshots are left in FOLDER."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from browser import Browser  # noqa: E402

LOOKS = [("wide-light", 1280, 900, False), ("wide-dark", 1280, 900, True), ("narrow-light", 360, 800, False),
         ("narrow-dark", 360, 800, True)]
LIVE = "document.getElementById('ready').textContent === 'ready' && document.querySelectorAll('tbody tr').length === 3"
RATES = "[...document.querySelectorAll('.tile .line')].every((line) => line.getAttribute('d') !== '')"
TEXT = "document.body.innerText"
# Contrast of the ink and of the quiet text with what is behind them, after WCAG 2.
CONTRAST = """(() => {
  const rgb = (text) => text.match(/[0-9.]+/g).slice(0, 3).map(Number);
  const light = (text) => rgb(text).map((c) => c / 255)
    .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => { for (let e = element; e; e = e.parentElement) {
    const color = getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(color)) return color; } };
  return Math.min(...[...document.querySelectorAll('h1, h2, h3, td, .note, .quiet, .pill, .address, dt, dd')]
    .filter((element) => element.textContent && element.offsetParent).map((element) => {
      const a = light(getComputedStyle(element).color), b = light(behind(element));
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); }));
})()"""
failed = 0


def check(good, text):
    global failed
    failed += not good
    print("%s - %s" % ("ok" if good else "not ok", text), flush=True)


def look(browser, url, folder, name, width, height, dark):
    browser.open(url, width, height, dark)
    check(browser.until(LIVE, 15), "%s: shows what is there" % name)
    check(browser.until(RATES, 10), "%s: draws rates" % name)
    wide = browser.ask("document.documentElement.scrollWidth")
    check(wide <= width, "%s: nothing to scroll sideways (%s of %s)" % (name, wide, width))
    contrast = browser.ask(CONTRAST)
    check(contrast >= 4.5, "%s: every text can be read (contrast %.1f)" % (name, contrast))
    browser.until("false", 1.5)  # some more samples for the picture
    browser.screenshot(os.path.join(folder, "page-%s.png" % name))
    check(not browser.errors, "%s: no error in the console %s" % (name, browser.errors[:3] or ""))
    foreign = [at for at in browser.requests if not at.startswith((url, "data:"))]
    check(not foreign, "%s: nothing is asked from elsewhere %s" % (name, foreign[:3] or ""))


def watch(browser, url, folder, down, up):
    browser.open(url, 1280, 900)
    check(browser.until(LIVE, 15), "all backends are there")
    for text in ("dataplane carries", "2 of 2 up", "web1", "10.2.0.12:80", "10.1.0.100:80", "Worker 0", "ttl_expired"):
        check(browser.until(TEXT + ".includes('%s')" % text, 5), "it says %s" % text)
    subprocess.run(down, shell=True, check=True)
    check(browser.until(TEXT + ".includes('1 of 2 up')", 10), "a backend that fails is seen")
    check(browser.until(TEXT + ".includes('web/web2 (10.2.0.12:80) is down')", 5), "and told as an event")
    browser.screenshot(os.path.join(folder, "page-down.png"))
    subprocess.run(up, shell=True, check=True)
    check(browser.until(TEXT + ".includes('2 of 2 up')", 10), "also that it is back")
    check(not browser.errors, "no error in the console %s" % (browser.errors[:3] or ""))


def main(url, folder, down, up):
    with Browser() as browser:
        for name, width, height, dark in LOOKS:
            look(browser, url, folder, name, width, height, dark)
        watch(browser, url, folder, down, up)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
