// The key ring, and a rotation of it.

import { button, choice, element, place, showOnce, table } from "../elements.js";
import { age, clock } from "../format.js";
import { act, follow } from "../server.js";

const yes = (is) => (is ? "yes" : "no");

function keyTable(keys) {
  return table(["Key", "State", "Age", "Signs", "Trusted", "Retires"], keys.map((key) => [
    element("span", {}, element("code", { title: key.fingerprint }, key.fingerprint.slice(0, 12)),
      element("small", {}, key.algorithm)),
    element("span", { className: `badge ${key.state}` }, key.state),
    age((Date.now() - Date.parse(key.created_at)) / 1000),
    yes(key.signs),
    yes(key.trusted),
    key.retire_after ? clock(key.retire_after) : "",
  ]), "Signing keys");
}

function nextOf({ next, next_at, rotation_due }) {
  if (next) return `Next: ${next}${next_at ? `, at ${clock(next_at)}` : ""}.`;
  return rotation_due ? `The next rotation is due on ${rotation_due.slice(0, 10)}.` : "";
}

function showRing(ring) {
  if (ring.error) return [element("p", { className: "bad" }, ring.error)];
  return [
    keyTable(ring.keys),
    element("p", { className: "hint" }, nextOf(ring)),
    ...ring.problems.map((problem) => element("p", { className: "bad" }, problem)),
  ];
}

function stepList({ steps }) {
  return element("ol", { className: "steps" }, ...steps.map((step) => {
    const mark = { done: "✓", running: "…", failed: "✗" }[step.state];
    return element("li", { className: step.state },
      element("span", { className: "mark", ariaHidden: "true" }, mark),
      element("span", {}, step.name, ...(step.details.length > 0 ? [element("small", {}, step.details.join(", "))] : [])),
      element("span", { className: "facts" }, step.state === "running" ? "running" : `${(step.milliseconds / 1000).toFixed(1)} s`));
  }));
}

export function start() {
  const message = element("p", { className: "message", role: "status" });
  const say = (text) => { message.textContent = text; };
  const [ring, steps] = [element("div"), element("div")];
  const algorithm = choice("Kind of the new key", [["ec-p256", "EC P-256"], ["rsa-2048", "RSA 2048"]]);
  const overlap = choice("The old key stays trusted for", [["10s", "10 s"], ["2m", "2 min"], ["2h", "2 h"]]);
  const rotate = button("Rotate", async () => {
    if (rotate.ariaDisabled === "true") return;
    say("");
    await act("rotate", { algorithm: algorithm.select.value, overlap: overlap.select.value })
      .catch((error) => say(error.message));
  });
  place("keys-panel").replaceChildren(ring,
    element("div", { className: "actions" }, algorithm.field, overlap.field, rotate, message), steps);

  follow("keys", (found) => showOnce(ring, found, () => showRing(found)));
  follow("rotation", (rotation) => {
    rotate.ariaDisabled = String(rotation.is_running);
    showOnce(steps, rotation, () => (rotation.steps.length > 0 ? [stepList(rotation)] : []));
    say(rotation.is_running ? "A rotation is running." : rotation.result ?? "");
  });
}
