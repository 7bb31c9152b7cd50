// Traces: the recent ones, and the waterfall of one.

import { button, element, place, showRows } from "../elements.js";
import { clock as clockOf, duration as time } from "../format.js";
import { follow, lookUp } from "../server.js";

const HEADS = ["What", "Began", "Status", "Outcome", "Duration"];
let traces = [];
let shown = null;

const clock = (text) => clockOf(text, { fractionalSecondDigits: 3 });
const eventOf = (trace) => trace.event ?? { title: trace.spans[0]?.name ?? trace.id, status: null, outcome: "" };
const mark = (failure) => (failure ? `✗ ${failure}` : "");

// The list

function rowOf({ trace, isShown }) {
  const { title, status, outcome } = eventOf(trace);
  const row = element("tr", {},
    element("td", {}, button(title, () => showTrace(trace.id), { className: "link" })),
    element("td", {}, clock(trace.start)),
    element("td", { className: "number" }, status ?? ""),
    element("td", { className: trace.failure ? "bad" : "" }, [mark(trace.failure), outcome].filter(Boolean).join(", ")),
    element("td", { className: "number" }, time(trace.duration)));
  if (isShown) row.ariaCurrent = "true";
  return row;
}

function showList() {
  const list = place("trace-list");
  if (traces.length === 0) {
    list.replaceChildren(element("p", { className: "hint" }, "No trace yet. Send a request; its trace appears after a second."));
    return;
  }
  if (!list.querySelector("tbody")) {
    const numeric = ["Status", "Duration"];
    list.replaceChildren(element("table", {},
      element("thead", {}, element("tr", {}, ...HEADS.map((head) =>
        element("th", { className: numeric.includes(head) ? "number" : "", scope: "col" }, head)))),
      element("tbody")));
  }
  const documents = traces.map((trace) => ({ trace, isShown: trace.id === shown }));
  showRows(list.querySelector("tbody"), documents, ({ trace }) => trace.id, rowOf);
}

// The waterfall

function kindOf(span) {
  const origins = { "AWS::Lambda": "service", "AWS::Lambda::Function": "function" };
  const { route, outcome } = span.annotations;
  return [origins[span.origin], route, outcome, span.detail].filter(Boolean).join(" ");
}

function nameOf(span) {
  const about = [kindOf(span), span.status, mark(span.failure)].filter(Boolean).join("  ");
  const label = [span.name, " ", element("span", { className: span.failure ? "bad" : "about" }, about)];
  const facts = [
    ...Object.entries(span.annotations).map(([name, value]) => `${name}: ${value}`),
    ...(span.detail ? [span.detail] : []),
    ...(span.cause ? [`cause: ${span.cause}`] : []),
  ];
  const name = facts.length > 0
    ? element("details", {}, element("summary", {}, ...label), element("pre", {}, facts.join("\n")))
    : element("div", { className: "plain" }, ...label);
  name.style.marginLeft = `${span.depth * 1.1}rem`;
  return name;
}

function laneOf(span, total) {
  const percent = (milliseconds) => (total > 0 ? Math.min(100, (100 * milliseconds) / total) : 0);
  const kind = span.failure ? "failed" : span.name === "PostgreSQL" ? "statement" : span.detail ? "aws" : "";
  const bar = element("div", { className: `span ${kind} ${span.duration === null ? "open" : ""}` });
  bar.style.left = `min(${percent(span.start)}%, calc(100% - 2px))`;
  bar.style.width = `${percent(span.duration ?? total - span.start)}%`;
  return element("div", { className: "lane", ariaHidden: "true" }, bar);
}

function tableOf(trace) {
  const heads = ["Span", "Begins at", "Takes", ""];
  return element("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: "Waterfall" }, element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map((head, at) =>
      element("th", { className: at === 1 || at === 2 ? "number" : "", scope: "col" }, head)))),
    element("tbody", {}, ...trace.spans.map((span) => element("tr", {},
      element("td", {}, nameOf(span)),
      element("td", { className: "number" }, time(span.start)),
      element("td", { className: "number" }, time(span.duration)),
      element("td", {}, laneOf(span, trace.duration)))))));
}

function problemsOf(trace) {
  return [
    ...(trace.unreadable > 0 ? [`Parts of the trace that cannot be read: ${trace.unreadable}`] : []),
    ...(trace.is_truncated ? ["The trace is too large for X-Ray, which has left out a part of it."] : []),
  ].map((text) => element("p", { className: "hint" }, text));
}

/** Shows a trace, and moves the focus to it. */
export async function showTrace(id) {
  const [trace] = await lookUp("trace", id);
  if (!trace) throw new Error(`X-Ray no longer has the trace ${id}`);
  shown = id;
  const { title, status, outcome } = eventOf(trace);
  const heading = element("h3", { tabIndex: -1 },
    [title, status, outcome, time(trace.duration), mark(trace.failure)].filter(Boolean).join("  "),
    element("code", {}, trace.id));
  place("waterfall").replaceChildren(heading, ...problemsOf(trace), tableOf(trace));
  heading.focus();
  showList();
}

export function start() {
  follow("traces", (found) => {
    if (found.error) {
      place("trace-list").replaceChildren(element("p", { className: "bad" }, found.error));
      return;
    }
    traces = found;
    showList();
  });
}
