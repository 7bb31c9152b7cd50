// What runs: the components, the functions, and what has no effect here.

import { complain, element, place, showOnce, table } from "../elements.js";
import { follow, load } from "../server.js";

function componentTable(components) {
  return table(["Component", "Address", "What it is"], components.map(({ name, url, description, up }) => [
    element("span", {}, element("span", { className: `state ${up ? "up" : "down"}` }), name, up ? "" : " (down)"),
    /^https?:/.test(url) ? element("a", { href: url }, element("code", {}, url)) : element("code", {}, url),
    description,
  ]), "Components");
}

function functionTable(statistics) {
  const functions = Object.entries(statistics);
  if (functions.length === 0) return element("p", { className: "hint" }, "No function is deployed.");
  const heads = Object.keys(functions[0][1]);
  const rows = functions.map(([name, values]) => [element("code", {}, name), ...heads.map((head) => values[head])]);
  return table(["Function", ...heads.map((head) => head.replaceAll("_", " "))], rows, "Functions");
}

async function showWithoutEffect() {
  const lines = await load("without-effect.json");
  place("without-effect").replaceChildren(...lines.map((line) => element("li", {}, line)));
}

export function start() {
  follow("components", (components) => showOnce(place("components"), components, () => [componentTable(components)]));
  follow("statistics", (statistics) => showOnce(place("statistics"), statistics, () => [functionTable(statistics)]));
  showWithoutEffect().catch(complain);
}
