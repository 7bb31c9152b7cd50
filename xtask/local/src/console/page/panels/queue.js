// The restore queue and its dead letters.

import { button, element, place, showOnce } from "../elements.js";
import { age, clock } from "../format.js";
import { act, follow } from "../server.js";
import { showLog } from "./requests.js";

function numbers(name, { waiting, in_flight, oldest_seconds }) {
  const oldest = waiting + in_flight === 0 ? "none" : oldest_seconds === null ? "not known yet" : age(oldest_seconds);
  return element("div", { className: "numbers" }, element("h3", {}, name), element("dl", {},
    ...[["waiting", waiting], ["in flight", in_flight], ["oldest", oldest]].map(([label, value]) =>
      element("div", {}, element("dt", {}, label), element("dd", {}, String(value))))));
}

function letterList(letters) {
  return element("ul", { className: "letters" }, ...letters.map((letter) => element("li", {},
    element("code", {}, letter.package ?? "no restore message"),
    element("span", {}, letter.reason),
    element("span", { className: "facts" }, `sent ${letter.sent ? clock(letter.sent) : "?"}, received ${letter.receives}×`),
    button("Log", () => showLog(letter.message_id), { className: "small", ariaLabel: `Log of the message ${letter.message_id}` }))));
}

async function redrive(say) {
  say("Moving …");
  const { moved, left } = await act("redrive");
  say(`${moved} moved to the restore queue.${left > 0 ? ` ${left} left, because they are not restore messages.` : ""}`);
}

export function start() {
  const message = element("p", { className: "message", role: "status" });
  const say = (text) => { message.textContent = text; };
  const [depths, letters] = [element("div", { className: "pair" }), element("div")];
  const move = button("Redrive all", () => redrive(say).catch((error) => say(error.message)));
  const actions = element("div", { className: "actions", hidden: true }, move, message);
  place("queue-panel").replaceChildren(depths, letters, actions);

  follow("queue", (queue) => showOnce(depths, queue, () => (queue.error
    ? [element("p", { className: "bad" }, queue.error)]
    : [numbers("Restore queue", queue.restore), numbers("Dead letters", queue.dead_letters)])));
  follow("dead_letters", (found) => {
    move.hidden = !(found.length > 0);
    actions.hidden = move.hidden && message.textContent === "";
    showOnce(letters, found, () => {
      if (found.error) return [element("p", { className: "bad" }, found.error)];
      return found.length > 0 ? [letterList(found)] : [element("p", { className: "hint" }, "There are no dead letters.")];
    });
  });
}
