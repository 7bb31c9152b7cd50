// Traces: the recent ones, and the waterfall of one.
"use strict";

(() => {
  const POLL = 5000;
  const list = document.getElementById("trace-list");
  const waterfall = document.getElementById("waterfall");
  let shown = null;
  let listed = "";

  async function loadTraces(path) {
    const response = await fetch(path);
    if (!response.ok) throw new Error((await response.text()).trim() || `${path}: ${response.status}`);
    return response.json();
  }

  function time(milliseconds) {
    if (milliseconds === null) return "…";
    if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
    return milliseconds < 10_000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
  }

  const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 };
  const clock = (text) => new Date(text).toLocaleTimeString("en-GB", CLOCK);
  const eventOf = (trace) => trace.event ?? { title: trace.spans[0]?.name ?? trace.id, status: null, outcome: "" };
  const mark = (failure) => (failure ? `✗ ${failure}` : "");

  // The list

  function rowOf(trace) {
    const { title, status, outcome } = eventOf(trace);
    const open = element("button", { type: "button" }, title);
    open.dataset.trace = trace.id;
    open.addEventListener("click", () => show(trace.id, true).catch(complain));
    const row = element("tr", {},
      element("td", {}, open),
      element("td", {}, clock(trace.start)),
      element("td", { className: "number" }, status ?? ""),
      element("td", { className: trace.failure ? "bad" : "" }, [mark(trace.failure), outcome].filter(Boolean).join(", ")),
      element("td", { className: "number" }, time(trace.duration)));
    if (trace.id === shown) row.ariaCurrent = "true";
    return row;
  }

  async function showList() {
    const traces = await loadTraces("traces.json");
    const text = JSON.stringify([traces, shown]);
    if (text === listed) return;
    listed = text;
    const focused = document.activeElement?.dataset?.trace;
    const scrolled = list.scrollTop;
    if (traces.length === 0) {
      list.replaceChildren(element("p", { className: "hint" }, "No trace yet. Send a request; its trace appears after a second."));
      return;
    }
    const heads = ["What", "Began", "Status", "Outcome", "Duration"];
    const numeric = ["Status", "Duration"];
    list.replaceChildren(element("table", {},
      element("thead", {}, element("tr", {}, ...heads.map((head) =>
        element("th", { className: numeric.includes(head) ? "number" : "", scope: "col" }, head)))),
      element("tbody", {}, ...traces.map(rowOf))));
    list.scrollTop = scrolled;
    if (focused) list.querySelector(`[data-trace="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
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
    return element("div", { className: "scroll" }, element("table", {},
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

  /** Shows the trace. With `isAsked`, moves the focus to it. */
  async function show(id, isAsked) {
    const [trace] = await loadTraces(`trace.json?${new URLSearchParams({ id })}`);
    if (!trace) throw new Error(`X-Ray no longer has the trace ${id}`);
    shown = id;
    const { title, status, outcome } = eventOf(trace);
    const heading = element("h3", { tabIndex: -1 },
      [title, status, outcome, time(trace.duration), mark(trace.failure)].filter(Boolean).join("  "),
      element("code", {}, trace.id));
    waterfall.replaceChildren(heading, ...problemsOf(trace), tableOf(trace));
    if (isAsked) heading.focus();
    await showList();
  }

  const poll = () => (document.hidden ? Promise.resolve() : showList());
  poll().catch(complain);
  setInterval(() => poll().catch(complain), POLL);
})();
