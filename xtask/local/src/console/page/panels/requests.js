// The last requests, with their traces and their logs.

import { button, element, place, showRows } from "../elements.js";
import { clock, duration } from "../format.js";
import { follow, lookUp } from "../server.js";
import { showTrace } from "./traces.js";

const HEADS = ["Time", "Request", "Status", "Outcome", "Duration", "Details"];
let requests = [];
/** The traces by the ID of their request. */
let traces = new Map();

function rowOf({ request, trace }) {
  const isBad = request.status >= 400;
  const title = request.route ?? `${request.method} ${request.path}`;
  const outcome = trace ? [trace.failure ? `✗ ${trace.failure}` : "", trace.outcome].filter(Boolean).join(", ") : "";
  return element("tr", {},
    element("td", {}, clock(request.time)),
    element("td", {}, element("code", { title: request.path }, title)),
    element("td", { className: isBad ? "number bad" : "number" }, String(request.status)),
    element("td", {}, outcome),
    element("td", { className: "number" }, duration(request.duration)),
    element("td", { className: "details" },
      trace ? button("Trace", () => showTrace(trace.id), { className: "small", ariaLabel: `Trace of ${title}` }) : null,
      button("Log", () => showLog(request.id), { className: "small", ariaLabel: `Log of ${title}` })));
}

function show() {
  const list = place("request-list");
  if (requests.length === 0) {
    list.replaceChildren(element("p", { className: "hint" }, "No request yet."));
    return;
  }
  if (!list.querySelector("tbody")) {
    list.replaceChildren(element("table", {},
      element("thead", {}, element("tr", {}, ...HEADS.map((head) => element("th", {
        scope: "col", className: ["Status", "Duration"].includes(head) ? "number" : "" }, head)))),
      element("tbody")));
  }
  const documents = requests.map((request) => ({ request, trace: traces.get(request.id) ?? null }));
  showRows(list.querySelector("tbody"), documents, ({ request }) => request.id, rowOf);
}

/** Shows what the functions have logged about a request or a message, and moves the focus to it. */
export async function showLog(id) {
  const { explanation, lines } = await lookUp("log", id);
  const heading = element("h3", { tabIndex: -1 }, "Log of ", element("code", {}, id));
  const reason = explanation.reason;
  place("request-log").replaceChildren(...[heading,
    reason ? element("p", {}, element("strong", { className: "bad" }, reason.rule), `: ${reason.meaning}`,
      reason.cause ? ` (${reason.cause})` : "", `. Next: ${reason.remedy}.`) : null,
    lines.length > 0
      ? element("pre", { tabIndex: 0 }, lines.map(lineOf).join("\n"))
      : element("p", { className: "hint" },
        "No function has logged this request yet. The gateway itself answers preflights, and requests without a token, with an unknown path, or above a limit."),
  ].filter(Boolean));
  heading.focus();
}

/** Fields that say nothing about a request: the definitions of metrics, and what is in the rest of the line. */
const LEFT_OUT = ["_aws", "function_name", "target"];

/** Returns a line of a log: time, function, level and message, and then the other fields. */
function lineOf({ timestamp, function: name, level, message, ...fields }) {
  const others = Object.entries(fields).filter(([field]) => !LEFT_OUT.includes(field))
    .map(([field, value]) => `${field}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const beginning = [clock(timestamp, { fractionalSecondDigits: 3 }), name, level, message].filter(Boolean).join("  ");
  return [beginning, ...others].join("\n    ");
}

export function start() {
  follow("requests", (found) => {
    requests = found;
    show();
  });
  follow("traces", (found) => {
    if (found.error) return;
    // The decision of the authorizer has a trace with the same ID, but it has no status.
    const ofRequests = found.filter(({ event }) => event?.id && event.status !== null);
    traces = new Map(ofRequests.map(({ id, failure, event }) => [event.id, { id, failure, outcome: event.outcome }]));
    show();
  });
}
