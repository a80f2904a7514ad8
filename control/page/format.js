// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Numbers for people, and small pieces of the document.
"use strict";

const prefixes = ["", "k", "M", "G", "T", "P"];

// 12345 -> ["12.3", "k"]; null (not known yet) -> ["–", ""]
function scaled(value) {
  if (value === null || value === undefined || !isFinite(value)) return ["–", ""];
  let step = 0;
  while (Math.abs(value) >= 999.5 && step < prefixes.length - 1) {
    value /= 1000;
    step++;
  }
  const digits = value >= 99.5 || Number.isInteger(value) ? 0 : value >= 9.95 ? 1 : 2;
  return [value.toFixed(digits).replace(/\.0+$/, ""), prefixes[step]];
}

function count(value) {
  return scaled(value).join("");
}

function bits(bytes) {
  const [number, prefix] = scaled(bytes === null ? null : bytes * 8);
  return number === "–" ? number : `${number} ${prefix}bit/s`;
}

function perSecond(value) {
  return value === null ? "–" : `${count(value)}/s`;
}

function duration(seconds) {
  const parts = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
  const at = parts.findIndex(([size]) => seconds >= size);
  if (at < 0) return "0s";
  const [size, unit] = parts[at];
  const rest = parts[at + 1];
  const small = rest ? Math.floor((seconds % size) / rest[0]) : 0;
  return `${Math.floor(seconds / size)}${unit}${small ? ` ${small}${rest[1]}` : ""}`;
}

// make("td.name", text or children...)
function make(what, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  element.append(...children.filter((child) => child !== null));
  return element;
}

// Changing a text that is the same would disturb a selection, and cost a layout.
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// The newest at the right edge; a few of them do not fill the width.
function draw(svg, values) {
  const known = values.filter((value) => value !== null);
  const width = 120, height = 28, top = Math.max(1e-9, ...known) * 1.1;
  const step = width / (Math.max(12, values.length) - 1);
  const points = [];
  values.forEach((value, i) => {
    if (value === null) return;
    const x = width - (values.length - 1 - i) * step;
    points.push(`${x.toFixed(1)},${(height - 1 - (value / top) * (height - 2)).toFixed(1)}`);
  });
  const [area, line] = svg.children;
  const some = points.length > 1;
  line.setAttribute("d", some ? `M${points.join("L")}` : "");
  area.setAttribute("d", some ? `M${points[0].split(",")[0]},${height}L${points.join("L")}V${height}Z` : "");
}

function sparkline() {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "spark");
  svg.setAttribute("viewBox", "0 0 120 28");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  for (const name of ["area", "line"]) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("class", name);
    svg.append(path);
  }
  return svg;
}

function bar() {
  return make("div.bar", make("i"));
}

function fill(element, share) {
  element.firstChild.style.width = `${(Math.min(1, Math.max(0, share)) * 100).toFixed(1)}%`;
}
