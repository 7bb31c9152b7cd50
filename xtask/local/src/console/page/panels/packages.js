// The packages of the demo organization: a tree with states that change as they do in the database.

import { client, currentUser } from "../api.js";
import { arrange, button, complain, element, place } from "../elements.js";
import { bytes, duration } from "../format.js";
import { act, follow } from "../server.js";

/** A folder with more packages than this is closed at first, and a deleted one is. */
const OPEN_UP_TO = 12;
/** The order in which states are counted. */
const RANK = ["READY", "RESTORING", "DELETING", "DELETED"];
/** The states in which a package does not stay. */
const PASSING = ["DELETING", "RESTORING"];

/** The elements of each dataset and package, by node ID. */
const branches = new Map();
/** When the user has restored or deleted a package that has not arrived in its state yet. */
const awaited = new Map();

function say(text, isBad = false) {
  place("package-message").textContent = text;
  place("package-message").className = isBad ? "hint bad" : "hint";
}

// What the user does

/** Shows the progress of a change, and its end when the package has this state. */
async function change(shown, verb, state, request) {
  say(`${verb} ${shown.name} …`);
  awaited.set(shown.node_id, { began: performance.now(), state });
  try {
    await request();
  } catch (error) {
    awaited.delete(shown.node_id);
    say(error.message, true);
  }
}

const remove = (shown) => change(shown, "Deleting", "DELETED", () => act("delete", { package: shown.node_id }));

const restore = (shown, dataset) => change(shown, "Restoring", "READY", async () => {
  const { data } = await client().POST("/restore", {
    params: { query: { dataset_id: dataset } },
    body: { nodeIds: [shown.node_id] },
  }).catch((error) => {
    const status = error.status ? `${error.status} ` : "";
    throw new Error(`POST /restore as ${currentUser()}: ${status}${error.message}`);
  });
  if (data.failures.length > 0) throw new Error(data.failures[0].error);
});

/** Announces the end of what the user has begun, and nothing else: a restore can change thousands of states. */
function announce(shown) {
  const { began, state } = awaited.get(shown.node_id) ?? {};
  if (state !== shown.state) return;
  awaited.delete(shown.node_id);
  say(`${shown.name} is ${state}, ${duration(performance.now() - began)} after the request.`);
}

// The tree

/** Returns the number of packages by state, such as `60 DELETED`. */
function countsOf(descendants) {
  const counts = new Map();
  for (const { state } of descendants) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].sort(([one], [other]) => RANK.indexOf(one) - RANK.indexOf(other))
    .map(([state, count]) => `${count} ${state}`).join(", ");
}

function makeBranch(key, name) {
  const list = element("ul", { id: `inside-${branches.size}` });
  const toggle = button("", (pressed) => setOpen(pressed, pressed.ariaExpanded !== "true"), { className: "toggle" });
  toggle.setAttribute("aria-controls", list.id);
  toggle.ariaLabel = `Contents of ${name}`;
  const parts = {
    toggle,
    list,
    name: element("span", { className: "name" }),
    state: element("span"),
    facts: element("span", { className: "facts" }),
  };
  const about = element("span", { className: "about" }, parts.state, parts.facts);
  parts.row = element("div", { className: "branch" }, toggle, parts.name, about);
  parts.item = element("li", {}, parts.row, list);
  parts.item.dataset.node = key;
  branches.set(key, parts);
  return parts;
}

function setOpen(toggle, isOpen) {
  toggle.ariaExpanded = String(isOpen);
  toggle.closest("li").classList.toggle("closed", !isOpen);
}

function fill(parts, children, state) {
  if (parts.toggle.ariaExpanded === null) setOpen(parts.toggle, children.length <= OPEN_UP_TO && state !== "DELETED");
  parts.toggle.hidden = children.length === 0;
  arrange(parts.list, children);
}

function showState(parts, state) {
  if (parts.state.textContent === state) return;
  const isChange = parts.state.textContent !== "";
  parts.state.textContent = state;
  parts.state.className = `badge ${state.toLowerCase()}`;
  if (isChange) {
    parts.row.classList.remove("changed");
    // A change of the style is computed in between, so that the animation begins again.
    void parts.row.offsetWidth;
    parts.row.classList.add("changed");
  }
}

function showAction(parts, shown, dataset) {
  parts.current = shown;
  if (!parts.action) {
    const press = () => (parts.current.state === "READY" ? remove(parts.current) : restore(parts.current, dataset));
    parts.action = button("", () => (parts.action.ariaDisabled === "true" ? undefined : press()), { className: "small" });
    parts.row.append(parts.action);
  }
  const verb = ["READY", "DELETING"].includes(shown.state) ? "Delete" : "Restore";
  parts.action.textContent = verb;
  parts.action.ariaLabel = `${verb} ${shown.name}`;
  // A button that is disabled loses the focus, so this one only says that it does nothing now.
  parts.action.ariaDisabled = String(PASSING.includes(shown.state));
}

function showPackage(shown, dataset, inside) {
  const parts = branches.get(shown.node_id) ?? makeBranch(shown.node_id, shown.name);
  const branchesInside = (inside.get(shown.id) ?? []).map((child) => showPackage(child, dataset, inside));
  const descendants = branchesInside.flatMap((branch) => [branch.shown, ...branch.descendants]);
  parts.name.textContent = shown.is_folder ? `${shown.name}/` : shown.name;
  parts.name.title = shown.node_id;
  parts.facts.textContent = shown.is_folder ? countsOf(descendants) : bytes(shown.size);
  showState(parts, shown.state);
  showAction(parts, shown, dataset);
  fill(parts, branchesInside.map(({ item }) => item), shown.state);
  announce(shown);
  return { item: parts.item, shown, descendants };
}

function showDataset(dataset) {
  const parts = branches.get(dataset.node_id) ?? makeBranch(dataset.node_id, dataset.name);
  parts.row.classList.add("dataset");
  const inside = Map.groupBy(sorted(dataset.packages), ({ parent }) => parent);
  const children = (inside.get(null) ?? []).map((shown) => showPackage(shown, dataset.node_id, inside));
  parts.name.textContent = dataset.name;
  parts.name.title = dataset.node_id;
  parts.facts.textContent = countsOf(dataset.packages) || "no packages";
  fill(parts, children.map(({ item }) => item));
  return parts.item;
}

/** Returns folders before files, and each by name. */
function sorted(packages) {
  return [...packages].sort((one, other) =>
    Number(other.is_folder) - Number(one.is_folder) || one.name.localeCompare(other.name, "en", { numeric: true }));
}

function show({ error, datasets, has_more }) {
  if (error) {
    complain(new Error(`The packages cannot be read: ${error}`));
    return;
  }
  const tree = place("package-tree");
  const list = tree.querySelector("ul") ?? tree.appendChild(element("ul", { className: "tree" }));
  arrange(list, datasets.map(showDataset));
  tree.querySelector(":scope > .hint")?.remove();
  if (has_more) tree.append(element("p", { className: "hint" }, "There are more packages than are shown here."));
}

export function start() {
  follow("packages", show);
}
