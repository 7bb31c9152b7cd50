// The restore queue and its dead letters.

import { button, element, place, showOnce, table } from "../elements.js";
import { age, clock } from "../format.js";
import { act, follow } from "../server.js";
import { showLog } from "./requests.js";

function numbers(name, { waiting, in_flight, oldest_seconds }) {
  const oldest = waiting + in_flight === 0 ? "none" : oldest_seconds === null ? "not known yet" : age(oldest_seconds);
  return element("div", { className: "numbers" }, element("h3", {}, name), element("dl", {},
    ...[["waiting", waiting], ["in flight", in_flight], ["oldest", oldest]].map(([label, value]) =>
      element("div", {}, element("dt", {}, label), element("dd", {}, String(value))))));
}

function letterTable(letters) {
  return table(["Sent", "Received", "Package", "Reason", ""], letters.map((letter) => [
    letter.sent ? clock(letter.sent) : "",
    `${letter.receives} times`,
    element("code", {}, letter.package ?? "no restore message"),
    letter.reason,
    button("Log", () => showLog(letter.message_id), { className: "small", ariaLabel: `Log of the message ${letter.message_id}` }),
  ]), "Dead letters");
}

async function redrive(say) {
  say("Moving …");
  const { moved, left } = await act("redrive");
  say(`${moved} moved to the restore queue${left > 0 ? `, ${left} left: these are no restore messages` : ""}.`);
}

export function start() {
  const message = element("p", { className: "message", role: "status" });
  const say = (text) => { message.textContent = text; };
  const [depths, letters] = [element("div", { className: "pair" }), element("div")];
  const move = button("Redrive all", () => redrive(say).catch((error) => say(error.message)));
  place("queue-panel").replaceChildren(depths, letters, element("div", { className: "actions" }, move, message));

  follow("queue", (queue) => showOnce(depths, queue, () => (queue.error
    ? [element("p", { className: "bad" }, queue.error)]
    : [numbers("Restore queue", queue.restore), numbers("Dead letters", queue.dead_letters)])));
  follow("dead_letters", (found) => {
    move.hidden = !(found.length > 0);
    showOnce(letters, found, () => {
      if (found.error) return [element("p", { className: "bad" }, found.error)];
      return found.length > 0 ? [letterTable(found)] : [element("p", { className: "hint" }, "There are no dead letters.")];
    });
  });
}
