// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// The parts of the page, each filled from an answer of poised.

const at = (id) => document.getElementById(id);
const rowsMost = 64; // backends shown of a service; those in trouble first
const tones = {up: "good", down: "bad", draining: "warn", disabled: "warn", standby: "", unknown: "warn", removed: ""};

function tone(element, name) {
  element.classList.remove("good", "warn", "bad");
  if (name) element.classList.add(name);
}

const tiles = new Map();
function tile(key, title, text, unit, note, history) {
  if (!tiles.has(key)) {
    const parts = {value: make("span"), unit: make("span.unit"), note: make("p.note")};
    parts.graph = history ? sparkline() : bar();
    parts.card = make("article.card.tile", make("h2", title), make("p.value", parts.value, parts.unit), parts.note,
      parts.graph);
    tiles.set(key, parts);
    at("tiles").append(parts.card);
  }
  const parts = tiles.get(key);
  say(parts.value, text);
  say(parts.unit, unit);
  say(parts.note, note);
  if (history) draw(parts.graph, history);
  return parts;
}

function sum(rows, key) {
  return rows.reduce((total, row) => total + row[key], 0);
}

function showTotals({status, services}) {
  const table = status.flow_table;
  gauge("flows", sum(services, "flows_active"));
  tile("flows", "Connections", count(sum(services, "flows_active")), "", `${count(table.half_open)} half-open`,
    values("flows"));
  const made = rate("new", sum(services, "flows_total"));
  tile("new", "New connections", count(made), "/s", `${count(sum(services, "flows_total"))} in all`, values("new"));
  const inward = rate("in", sum(services, "bytes_in")), outward = rate("out", sum(services, "bytes_out"));
  const both = inward === null || outward === null ? null : inward + outward;
  gauge("bytes", both);
  const [number, prefix] = scaled(both === null ? null : both * 8);
  tile("bytes", "Traffic", number, `${prefix}bit/s`, `${count(inward === null ? null : inward * 8)} in, ${count(outward === null ? null : outward * 8)} out`, values("bytes"));
  const forwarded = rate("forwarded", status.packets.forwarded);
  tile("forwarded", "Packets", count(forwarded), "/s", `${count(status.packets.forwarded)} in all`, values("forwarded"));
  const dropped = rate("dropped", status.packets.dropped);
  const drops = tile("dropped", "Dropped", count(dropped), "/s", `${count(status.packets.dropped)} in all`,
    values("dropped"));
  drops.card.classList.toggle("alarm", dropped > 0);
  const share = table.capacity ? table.used / table.capacity : 0;
  const full = tile("table", "Flow table", (share * 100).toFixed(share < 0.1 ? 1 : 0), "%",
    `${count(table.used)} of ${count(table.capacity)}`);
  fill(full.graph, share);
  tone(full.graph, share > 0.9 ? "bad" : share > 0.7 ? "warn" : "");
}

function showHead({status}) {
  const path = status.path.carries;
  const off = status.dataplane.state === "off";
  say(at("ready"), status.ready ? "ready" : "not ready");
  tone(at("ready"), status.ready ? "good" : "bad");
  say(at("path"), {dpdk: "dataplane carries", xdp: "kernel carries (xdp)", mixed: "dataplane and kernel carry"}[path]
    || "nothing carries");
  tone(at("path"), path === "dpdk" || (path === "xdp" && off) ? "good" : path === "none" ? "bad" : "warn");
  say(at("host"), `${location.host} · up ${duration(status.uptime_s)}`);
  say(at("version"), `Poise ${status.version} · generation ${status.generation.acknowledged}`);
  const trouble = status.not_ready_reason || (status.dataplane.crash_loop && status.dataplane.error) || "";
  say(at("banner"), trouble);
  at("banner").hidden = !trouble;
}

function cell(row, what, title) {
  const element = make(what);
  element.dataset.title = title;
  row.append(element);
  return element;
}

function backendRow(backend) {
  const parts = {row: make("tr")};
  cell(parts.row, "td.name", "").append(make("b", backend.backend), " ", make("span.address", backend.endpoint));
  parts.pill = make("span.pill");
  parts.why = make("span.why");
  cell(parts.row, "td.state", "").append(parts.pill, parts.why);
  for (const [key, title] of [["flows", "open"], ["made", "new"], ["traffic", "traffic"], ["check", "check"],
    ["weight", "weight"]])
    parts[key] = cell(parts.row, "td", title);
  parts.share = bar();
  cell(parts.row, "td.share", "share").append(parts.share);
  parts.graph = sparkline();
  cell(parts.row, "td.trend", "").append(parts.graph);
  return parts;
}

// What a database said it is, and how far it is behind.
function database(node) {
  if (!node) return "";
  return node.lag_ms === null ? node.role : `${node.role}, ${(node.lag_ms / 1000).toFixed(1)} s behind`;
}

function check(backend) {
  if (!backend.check) return "–";
  return `${backend.check.last_ms.toFixed(backend.check.last_ms < 10 ? 1 : 0)} ms`;
}

function showBackend(parts, backend, of, key) {
  const made = rate(`${key} new`, backend.flows_total);
  say(parts.pill, backend.state);
  tone(parts.pill, tones[backend.state]);
  say(parts.why, [database(backend.database), backend.reason].filter((text) => text).join("; "));
  say(parts.flows, count(backend.flows_active));
  say(parts.made, perSecond(made));
  say(parts.traffic, bits(rate(`${key} bytes`, backend.bytes_in + backend.bytes_out)));
  say(parts.check, check(backend));
  say(parts.weight, `${backend.weight}${backend.weight_by_operator ? "*" : ""}`);
  fill(parts.share, of ? backend.flows_active / of : 0);
  draw(parts.graph, values(`${key} new`));
}

const cards = new Map();
function serviceCard(service) {
  const parts = {rows: new Map(), pill: make("span.pill"), made: make("b"), traffic: make("b"), graph: sparkline()};
  parts.body = make("tbody");
  parts.more = make("p.quiet.more");
  const head = make("tr", make("th", "Backend"), make("th.state", "State"),
    ...["Open", "New", "Traffic", "Check", "Weight"].map((title) => make("th", title)), make("th.share", "Share"),
    make("th.trend", "New, lately"));
  parts.card = make("article.card.service", make("div.head", make("h3", service.service), parts.pill,
    make("span.address", service.endpoint), make("span.quiet", `${service.nat} · ${service.scheduler}`),
    make("div.rates", make("span", parts.made, " new"), make("span", parts.traffic), parts.graph)),
    make("table", make("thead", head), parts.body), parts.more);
  at("services").append(parts.card);
  return parts;
}

function trouble(backend) {
  return backend.state === "up" || backend.state === "standby" ? 1 : 0;
}

function showService(service, all) {
  const key = service.service;
  if (!cards.has(key)) cards.set(key, serviceCard(service));
  const parts = cards.get(key);
  const backends = all.length > rowsMost ? [...all].sort((a, b) => trouble(a) - trouble(b)).slice(0, rowsMost) : all;
  say(parts.pill, `${service.backends_up} of ${service.backends_total} up`);
  const standing = all.filter((backend) => backend.state === "standby").length;
  tone(parts.pill, !service.backends_up ? "bad" : service.backends_up + standing < service.backends_total ? "warn" : "good");
  say(parts.made, perSecond(rate(`${key} new`, service.flows_total)));
  say(parts.traffic, bits(rate(`${key} bytes`, service.bytes_in + service.bytes_out)));
  draw(parts.graph, values(`${key} bytes`));
  const seen = new Set();
  backends.forEach((backend, i) => {
    const name = `${backend.backend} ${backend.endpoint}`;
    seen.add(name);
    if (!parts.rows.has(name)) parts.rows.set(name, backendRow(backend));
    const row = parts.rows.get(name);
    if (parts.body.children[i] !== row.row) parts.body.insertBefore(row.row, parts.body.children[i] || null);
    showBackend(row, backend, service.flows_active, `${key}/${name}`);
  });
  for (const [name, row] of parts.rows)
    if (!seen.has(name)) {
      row.row.remove();
      parts.rows.delete(name);
    }
  say(parts.more, all.length > backends.length ? `and ${all.length - backends.length} more` : "");
}

function showServices({services, backends}) {
  const known = new Set(services.map((service) => service.service));
  for (const [name, parts] of cards)
    if (!known.has(name)) {
      parts.card.remove();
      cards.delete(name);
    }
  const by = new Map();
  for (const backend of backends) by.set(backend.service, [...(by.get(backend.service) || []), backend]);
  for (const service of services) showService(service, by.get(service.service) || []);
}

function showFacts({status}) {
  const {dataplane, path, generation, reloads} = status;
  const facts = [
    ["Dataplane", dataplane.state + (dataplane.pid ? `, pid ${dataplane.pid}` : "")],
    ["Queues taken by it", path.queues ? `${path.queues_taken} of ${path.queues}` : "–"],
    ["Frames to dataplane", perSecond(rate("redirected", path.frames.redirected))],
    ["Frames balanced by kernel", perSecond(rate("balanced", path.frames.balanced))],
    ["Generation", `${generation.acknowledged} of ${generation.wanted}`],
    ["Restarts", String(dataplane.restarts)],
    ["Reloads", `${reloads.done} done, ${reloads.failed} failed`],
    ["Guard", status.guard],
  ];
  const list = at("facts");
  facts.forEach(([name, text], i) => {
    if (!list.children[2 * i]) list.append(make("dt", name), make("dd"));
    say(list.children[2 * i + 1], text);
  });
}

function showWorkers({status}) {
  const list = at("workers");
  while (list.children.length > status.workers.length) list.lastChild.remove();
  status.workers.forEach((worker, i) => {
    if (!list.children[i]) list.append(make("div.meter", make("span"), bar(), make("span")));
    const [name, meter, text] = list.children[i].children;
    say(name, `Worker ${worker.worker}`);
    fill(meter, worker.busy_percent / 100);
    tone(meter, worker.heartbeat_age_ms > 1000 ? "bad" : worker.busy_percent > 90 ? "warn" : "");
    say(text, worker.heartbeat_age_ms > 1000 ? `silent ${duration(worker.heartbeat_age_ms / 1000)}`
      : `${worker.busy_percent.toFixed(worker.busy_percent < 10 ? 1 : 0)} % · core ${worker.lcore}`);
  });
}

function showDrops({counters}) {
  const list = at("drops");
  const drops = counters.filter((row) => row.kind === "drop").sort((a, b) => b.value - a.value);
  list.replaceChildren(...drops.map((row) => make("div.drop", make("span", row.counter),
    make("span", `${count(row.value)} · ${perSecond(rate(`drop ${row.counter}`, row.value))}`),
    make("span.quiet", row.help))));
  if (!drops.length) list.append(make("p.empty", "None since the start."));
}
