// SPDX-License-Identifier: BSD-2-Clause
// Copyright (c) 2026 The Poise authors
//
// Counters become rates, by the clock of poised: a browser's timers are late when they like.

const samples = 120;
const histories = new Map(); // key -> {at, value, values}
let clock = 0;

// A new answer: poised's clock in seconds. A poised that started anew starts the histories anew.
function tick(seconds) {
  if (seconds < clock) histories.clear();
  clock = seconds;
}

function remember(key) {
  if (!histories.has(key)) histories.set(key, {at: null, value: 0, values: []});
  return histories.get(key);
}

function push(history, value) {
  history.values.push(value);
  if (history.values.length > samples) history.values.shift();
}

// The rate of a counter since the last answer; null at first, and after the counter fell.
function rate(key, value) {
  const history = remember(key);
  const passed = history.at === null ? 0 : clock - history.at;
  const result = passed > 0 && value >= history.value ? (value - history.value) / passed : null;
  history.at = clock;
  history.value = value;
  push(history, result);
  return result;
}

function gauge(key, value) {
  push(remember(key), value);
  return value;
}

function values(key) {
  return remember(key).values;
}
