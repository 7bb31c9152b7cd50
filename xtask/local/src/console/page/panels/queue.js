// The restore queue and its dead letters.

import { button, element, place, showOnce } from "../elements.js";
import { age, clock } from "../format.js";
import { act, follow } from "../server.js";
import { showLog } from "./requests.js";

function numbers(name, { waiting, in_flight }, oldest) {
  return element("div", { className: "numbers" }, element("h3", {}, name), element("dl", {},
    ...[["waiting", waiting], ["in flight", in_flight], ["oldest", oldest]].map(([label, value]) =>
      element("div", {}, element("dt", {}, label), element("dd", {}, String(value))))));
}

function ageOf({ waiting, in_flight, oldest_seconds }) {
  if (waiting + in_flight === 0) return "none";
  return oldest_seconds === null ? "not known yet" : age(oldest_seconds);
}

/** CloudWatch leaves out messages that were received often, so the letters themselves say when the oldest was sent. */
function sentFirst(letters) {
  const times = letters.map(({ sent }) => sent).filter(Boolean).sort();
  return times.length > 0 ? clock(times[0]) : "none";
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

  let queue = null;
  let found = [];
  const showDepths = () => {
    if (queue === null) return;
    showOnce(depths, [queue, found], () => (queue.error
      ? [element("p", { className: "bad" }, queue.error)]
      : [numbers("Restore queue", queue.restore, ageOf(queue.restore)),
        numbers("Dead letters", queue.dead_letters, sentFirst(found))]));
  };
  const showLetters = (error) => {
    move.hidden = found.length === 0;
    actions.hidden = move.hidden && message.textContent === "";
    showOnce(letters, error ?? found, () => {
      if (error) return [element("p", { className: "bad" }, error)];
      return found.length > 0 ? [letterList(found)] : [element("p", { className: "hint" }, "There are no dead letters.")];
    });
  };
  follow("queue", (next) => {
    queue = next;
    showDepths();
  });
  follow("dead_letters", (next) => {
    found = next.error ? [] : next;
    showDepths();
    showLetters(next.error);
  });
}
