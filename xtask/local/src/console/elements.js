// Builds the elements of the page.
"use strict";

/** Creates an element. Children that are not elements become text, so nothing is ever parsed as HTML. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Creates a table in a frame that scrolls horizontally. */
function table(heads, rows) {
  const numeric = heads.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === "number"));
  const cell = (kind) => (content, at) =>
    element(kind, { className: numeric[at] ? "number" : "" },
      typeof content === "number" ? content.toLocaleString("en") : content ?? "");
  return element("div", { className: "scroll" }, element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map(cell("th")))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cell("td")))))));
}

/** Creates text, with `code` between backquotes. */
function prose(text) {
  return (text ?? "").split(/`([^`]+)`/).map((part, at) => (at % 2 ? element("code", {}, part) : part));
}
