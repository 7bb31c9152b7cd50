// The server of the console: documents, lookups and actions, and one stream of events.

async function read(response, path) {
  if (response.ok) return response.json();
  throw new Error((await response.text()).trim() || `${path}: ${response.status}`);
}

/** Returns a document. */
export async function load(path) {
  return read(await fetch(path), path);
}

/** Returns what is known about the thing with this ID. */
export function lookUp(name, id) {
  return load(`lookups/${name}?${new URLSearchParams({ id })}`);
}

/** Does something. The header tells the server that this page asks, and no other site. */
export async function act(name, parameters = {}) {
  const path = `actions/${name}`;
  const headers = { "Content-Type": "application/json", "X-Console-Action": "1" };
  return read(await fetch(path, { method: "POST", headers, body: JSON.stringify(parameters) }), path);
}

const RETRY = 1000;
const shows = new Map();
let source = null;

/** Shows a topic: first as it is now, and then after each change. */
export function follow(topic, show) {
  shows.set(topic, [...(shows.get(topic) ?? []), show]);
}

/** Opens the stream once all panels follow their topics. A page that nobody sees does not need it. */
export function connect(showConnection) {
  const open = () => {
    source = new EventSource("events");
    for (const [topic, all] of shows) {
      source.addEventListener(topic, ({ data }) => all.forEach((show) => show(JSON.parse(data))));
    }
    source.addEventListener("open", () => showConnection(true));
    source.addEventListener("error", ({ target }) => {
      showConnection(false);
      // The browser connects again by itself, except after a response that is not a stream.
      if (target.readyState === EventSource.CLOSED && target === source) setTimeout(update, RETRY);
    });
  };
  const update = () => {
    source?.close();
    source = null;
    if (!document.hidden) open();
  };
  document.addEventListener("visibilitychange", update);
  update();
}
