// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// What happened lately: the events of poised, and which path carries the packets while the page is open.

const eventsMost = 100;
const eventTones = {error: "bad", warning: "warn"};
const pathTones = {none: "bad", xdp: "warn", mixed: "warn", dpdk: "good"};
let newest = 0, carried = null;

function tell(when, text, name) {
  const time = make("time", when.toTimeString().slice(0, 8));
  time.title = when.toISOString();
  const list = at("events");
  list.prepend(make("li", time, make(name ? `span.${name}` : "span", text)));
  while (list.children.length > eventsMost) list.lastChild.remove();
}

function follow({status, events}) {
  const path = status.path.carries;
  if (carried !== null && carried !== path) tell(new Date(), `path: ${carried} → ${path}`, pathTones[path]);
  carried = path;
  if (events.length && events[events.length - 1].id < newest) newest = 0; // another poised
  for (const event of events) {
    if (event.id <= newest) continue;
    newest = event.id;
    tell(new Date(event.time), event.text, event.kind === "backend-up" ? "good" : eventTones[event.level]);
  }
}
