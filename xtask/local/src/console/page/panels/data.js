// The contents of stack.json.

import { element, place } from "../elements.js";

function entries(value, path) {
  return value && typeof value === "object"
    ? Object.entries(value).flatMap(([name, inner]) => entries(inner, path ? `${path}.${name}` : name))
    : [[path, String(value)]];
}

export function start(stack) {
  place("stack").replaceChildren(...entries(stack, "").flatMap(([name, value]) => [
    element("dt", {}, name), element("dd", { title: value }, value)]));
}
