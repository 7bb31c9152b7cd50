// The graphs of the last hour, and the alarms.

import { element, place, prose, showOnce, table } from "../elements.js";
import { clock } from "../format.js";
import { follow } from "../server.js";

const WIDTH = 480;
const HEIGHT = 190;
const PLOT = { left: 46, right: 10, top: 12, bottom: 24 };
const INNER = { width: WIDTH - PLOT.left - PLOT.right, height: HEIGHT - PLOT.top - PLOT.bottom };

function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const number = (value) => value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
const minute = (seconds) => clock(seconds * 1000, { second: undefined });

/** Returns a round number at or above the value. */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((limit) => limit >= value);
}

/** Returns the path of a line, which is interrupted where there is no value. */
function path(values, x, y) {
  let pen = "M";
  return values.map((value, at) => {
    if (value === null) {
      pen = "M";
      return "";
    }
    const step = `${pen}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = "L";
    return step;
  }).join("");
}

/** Returns a dot for each value, because a value without neighbors has no line. The shape differs by line. */
function marks(values, x, y, line) {
  const shapes = [
    (cx, cy) => svg("circle", { cx, cy, r: 2.6 }),
    (cx, cy) => svg("rect", { x: cx - 2.6, y: cy - 2.6, width: 5.2, height: 5.2 }),
    (cx, cy) => svg("path", { d: `M${cx} ${cy - 3.6}l3.4 6h-6.8z` }),
  ];
  const isAlone = (at) => values[at] !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null;
  const last = values.findLastIndex((value) => value !== null);
  return values.flatMap((value, at) =>
    (isAlone(at) || at === last ? [shapes[line % shapes.length](x(at), y(value))] : []));
}

function drawing(graph, start) {
  const values = graph.lines.flatMap((line) => line.values).filter((value) => value !== null);
  const top = ceiling(Math.max(...values, 1));
  const count = graph.lines[0]?.values.length ?? 0;
  const x = (at) => PLOT.left + (count > 1 ? at / (count - 1) : 0) * INNER.width;
  const y = (value) => PLOT.top + (1 - value / top) * INNER.height;
  const grid = [0, top / 2, top].map((value) => svg("g", {},
    svg("line", { x1: PLOT.left, x2: WIDTH - PLOT.right, y1: y(value), y2: y(value), class: "grid" }),
    svg("text", { x: PLOT.left - 6, y: y(value) + 4, class: "axis y" }, number(value))));
  const times = [0, Math.floor(count / 2), count - 1].map((at, index) =>
    svg("text", { x: x(at), y: HEIGHT - 6, class: `axis x${index}` }, minute(start + at * 60)));
  const lines = graph.lines.map((line, index) => svg("g", { class: `line line${index}` },
    svg("path", { d: path(line.values, x, y), class: "stroke" }), ...marks(line.values, x, y, index)));
  const words = graph.lines.map((line) => `${line.name}: ${latest(line, graph.unit)}`).join(", ");
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" },
    svg("title", {}, `${graph.title}, the last hour. Latest: ${words}`), ...grid, ...times, ...lines);
}

function latest(line, unit) {
  const value = line.values.findLast((one) => one !== null);
  return value === undefined ? "no data" : `${number(value)}${unit ? ` ${unit}` : ""}`;
}

function legend(graph) {
  return element("ul", { className: "legend" }, ...graph.lines.map((line, index) => {
    const sample = svg("svg", { viewBox: "0 0 30 10", class: `line line${index}`, "aria-hidden": "true" },
      svg("path", { d: "M0 5H30", class: "stroke" }), ...marks([5], () => 15, () => 5, index));
    return element("li", {}, sample, ` ${line.name} `, element("strong", {}, latest(line, graph.unit)));
  }));
}

function figure(graph, start) {
  return element("figure", {}, element("figcaption", {}, graph.title), drawing(graph, start), legend(graph));
}

const WORDS = { ALARM: "active", OK: "ok", INSUFFICIENT_DATA: "no data" };
const KINDS = { ALARM: "down", OK: "up", INSUFFICIENT_DATA: "" };

function alarmTable(alarms, label) {
  const sorted = [...alarms].sort((one, other) => one.name.localeCompare(other.name));
  return table(["Alarm", "State", "Since", "Meaning"], sorted.map((alarm) => [
    element("code", { title: alarm.name }, alarm.short_name ?? alarm.name),
    element("span", { title: alarm.reason },
      element("span", { className: `state ${KINDS[alarm.state]}` }), WORDS[alarm.state] ?? alarm.state),
    alarm.since ? clock(alarm.since) : "",
    element("div", { className: "meaning" }, ...prose(alarm.description)),
  ]), label);
}

/** Shows the active alarms, and the others on request. */
function alarmsOf(alarms) {
  if (alarms.length === 0) return [element("p", { className: "hint" }, "No alarm is deployed.")];
  const active = alarms.filter(({ state }) => state === "ALARM");
  const others = alarms.filter(({ state }) => state !== "ALARM");
  const isOpen = place("alarms").querySelector("details")?.open ?? false;
  return [
    active.length > 0 ? alarmTable(active, "Active alarms") : element("p", { className: "hint" }, "No alarm is active."),
    element("details", { open: isOpen }, element("summary", {}, `${others.length} other alarms`), alarmTable(others, "Other alarms")),
  ];
}

export function start() {
  follow("metrics", ({ error, start: begin, graphs, alarms }) => {
    if (error) {
      place("graphs").replaceChildren(element("p", { className: "bad" }, error));
      return;
    }
    place("graphs").replaceChildren(...graphs.map((graph) => figure(graph, begin)));
    showOnce(place("alarms"), alarms, () => alarmsOf(alarms));
  });
}
