// Requests to the API, as the user that is chosen at the top of the page.

import { element, place } from "./elements.js";
import { createPackagesClient } from "./packages-client.js";

const RANK = ["owner", "editor", "viewer", "guest"];
let stack;
let issuer;

/** Offers the users of the stack. */
export function start(description) {
  stack = description;
  issuer = description.issuer_url;
  const users = Object.keys(stack.tokens).sort((one, other) => RANK.indexOf(one) - RANK.indexOf(other));
  place("users").append(...users.map((user, at) => element("label", {},
    element("input", { type: "radio", name: "user", value: user, checked: at === 0 }), element("span", {}, user))));
}

/** Returns the user that sends requests. */
export function currentUser() {
  return document.querySelector("#users input:checked").value;
}

/** Returns a new token of the user, or the one from the start of the stack if the issuer does not respond. */
async function token() {
  const fresh = await fetch(new URL(`/token/${encodeURIComponent(currentUser())}`, issuer)).catch(() => null);
  return fresh?.ok ? (await fresh.text()).trim() : stack.tokens[currentUser()];
}

/** Returns the typed client of the API, as the current user. */
export function client() {
  return createPackagesClient({ baseUrl: stack.api_url, token });
}

/** Describes a request to the API, for those that are shown with their response. */
export function apiRequest(path, query, options = {}) {
  const url = new URL(stack.api_url.replace(/\/$/, "") + path);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return { method: "GET", url: url.href, authorized: true, ...options };
}

/** Sends a request, and returns it with its response, the bytes of the body, and the time. */
export async function send({ method, url, authorized, headers = {}, body }) {
  const request = {
    method, url, body,
    headers: {
      ...headers,
      ...(authorized ? { Authorization: `Bearer ${await token()}` } : {}),
      ...(body ? { "Content-Type": "application/json" } : {}),
    },
  };
  const began = performance.now();
  const response = await fetch(url, { method, headers: request.headers, body });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { request, response, bytes, took: performance.now() - began };
}

/** Returns the JSON in the body of an exchange. */
export function jsonOf({ bytes }) {
  return JSON.parse(new TextDecoder().decode(bytes));
}
