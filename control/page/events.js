// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What changed from answer to answer, while the page is open.

const eventsMost = 100;
let before = null;

function tell(text, name) {
  const time = make("time", new Date().toTimeString().slice(0, 8));
  const list = at("events");
  list.prepend(make("li", time, make(name ? `span.${name}` : "span", text)));
  while (list.children.length > eventsMost) list.lastChild.remove();
}

// name -> value of everything whose change is worth a line
function notable({status, backends}) {
  const found = new Map();
  found.set("path", status.path.carries);
  found.set("dataplane", status.dataplane.state);
  found.set("generation", String(status.generation.acknowledged));
  for (const backend of backends) found.set(`${backend.service}/${backend.backend}`, backend.state);
  return found;
}

function follow(answer) {
  const now = notable(answer);
  if (!before) tell("watching");
  else
    for (const [name, value] of now) {
      const was = before.get(name);
      if (was === undefined) tell(`${name} is there, ${value}`);
      else if (was !== value)
        tell(`${name}: ${was} → ${value}`, tones[value] || {none: "bad", xdp: "warn", dpdk: "good", running: "good"}[value]);
    }
  if (before)
    for (const name of before.keys()) if (!now.has(name)) tell(`${name} is gone`);
  before = now;
}
