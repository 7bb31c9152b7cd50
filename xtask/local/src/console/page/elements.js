// Builds the elements of the page.

export const place = (id) => document.getElementById(id);

/** Creates an element. Children that are not elements become text, so nothing is ever parsed as HTML. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Creates a button. */
export function button(label, press, properties = {}) {
  const made = element("button", { type: "button", ...properties }, label);
  made.addEventListener("click", () => Promise.resolve(press(made)).catch(complain));
  return made;
}

/** Creates a choice of one of several values, each with its label. */
export function choice(label, values) {
  const select = element("select", {}, ...values.map(([value, text]) => element("option", { value }, text)));
  return { select, field: element("label", { className: "field" }, element("span", {}, label), select) };
}

/** Creates a table in a frame that scrolls horizontally. */
export function table(heads, rows, label) {
  const numeric = heads.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === "number"));
  const cell = (kind, more) => (content, at) =>
    element(kind, { className: numeric[at] ? "number" : "", ...more },
      typeof content === "number" ? content.toLocaleString("en") : content ?? "");
  return element("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: label }, element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map(cell("th", { scope: "col" })))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cell("td", {})))))));
}

/** Replaces the content of an element, unless it shows the same document already: focus and selection stay. */
export function showOnce(target, document, build) {
  const text = JSON.stringify(document);
  if (target.shownDocument === text) return;
  target.shownDocument = text;
  target.replaceChildren(...build());
}

/**
 * Shows a list of rows by key. Rows that stay the same keep their element, and with it the focus.
 * A row is rebuilt when its document changes.
 */
export function showRows(body, documents, keyOf, build) {
  const known = new Map([...body.children].map((row) => [row.dataset.key, row]));
  const rows = documents.map((document) => {
    const [key, text] = [keyOf(document), JSON.stringify(document)];
    const old = known.get(key);
    if (old?.shownDocument === text) return old;
    const row = build(document);
    row.dataset.key = key;
    row.shownDocument = text;
    const active = window.document.activeElement;
    const focused = old?.contains(active) ? active.textContent : null;
    old?.replaceWith(row);
    if (focused !== null) [...row.querySelectorAll("button")].find((one) => one.textContent === focused)?.focus();
    return row;
  });
  arrange(body, rows);
}

/** Makes these elements the children of a parent. Those that are in their place are not touched. */
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, at) => {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
}

/** Creates text, with `code` between backquotes. */
export function prose(text) {
  return (text ?? "").split(/`([^`]+)`/).map((part, at) => (at % 2 ? element("code", {}, part) : part));
}

/** Shows an error at the top of the page. */
export function complain(error) {
  place("problem").textContent = error.message ?? String(error);
  place("problem").hidden = false;
}
