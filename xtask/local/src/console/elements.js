// Builds what the page shows.
"use strict";

/** Makes an element; children that are no elements become text, so nothing is ever parsed as HTML. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A table in a frame of its own that scrolls sideways. */
function table(heads, rows) {
  const numeric = heads.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === "number"));
  const cell = (kind) => (content, at) =>
    element(kind, { className: numeric[at] ? "number" : "" },
      typeof content === "number" ? content.toLocaleString("en") : content ?? "");
  return element("div", { className: "scroll" }, element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map(cell("th")))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cell("td")))))));
}

/** Prose with `code` between backquotes. */
function prose(text) {
  return (text ?? "").split(/`([^`]+)`/).map((part, at) => (at % 2 ? element("code", {}, part) : part));
}
