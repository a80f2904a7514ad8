// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors

const pauseMs = 1000, patienceMs = 4000;

async function ask() {
  const answer = await fetch("/api/overview.json", {signal: AbortSignal.timeout(patienceMs), cache: "no-store"});
  if (!answer.ok) throw new Error(`poised answers ${answer.status}`);
  return answer.json();
}

function show(answer) {
  tick(answer.status.uptime_s);
  for (const part of [showHead, showTotals, showServices, showFacts, showWorkers, showDrops, follow]) part(answer);
  at("pulse").classList.remove("stale");
  at("pulse").title = "live";
}

function lost(error) {
  at("pulse").classList.add("stale");
  at("pulse").title = String(error);
  say(at("ready"), "no answer");
  tone(at("ready"), "bad");
  say(at("banner"), "poised does not answer; the numbers below are old.");
  at("banner").hidden = false;
}

async function run() {
  for (;;) {
    if (!document.hidden) {
      let answer = null;
      try {
        answer = await ask();
      } catch (error) {
        lost(error);
      }
      if (answer) show(answer);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

run();
