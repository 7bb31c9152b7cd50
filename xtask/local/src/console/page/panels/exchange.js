// Shows a request and its response.

import { button, element } from "../elements.js";

function asCurl({ method, url, headers, body }) {
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const verb = method === "HEAD" ? ["--head"] : method === "GET" ? [] : ["-X", method];
  const fields = Object.entries(headers).flatMap(([name, value]) => ["-H", quote(`${name}: ${value}`)]);
  return ["curl", ...verb, quote(url), ...fields, ...(body ? ["--data", quote(body)] : [])].join(" ");
}

/** Returns a body as text: JSON indented, other text unchanged, and binary data in hexadecimal. */
function readable(bytes) {
  const limit = 20_000;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (/[\u0000-\u0008\u000e-\u001f]/.test(text)) throw new Error("not text");
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text.length > limit ? `${text.slice(0, limit)}\n… ${bytes.length} bytes` : text;
    }
  } catch {
    const shown = [...bytes.slice(0, 256)];
    const lines = [];
    for (let at = 0; at < shown.length; at += 16) {
      const row = shown.slice(at, at + 16);
      const hexadecimal = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ").padEnd(48);
      lines.push(hexadecimal + row.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : ".")).join(""));
    }
    return bytes.length > 256 ? `${lines.join("\n")}\n… ${bytes.length} bytes` : lines.join("\n");
  }
}

/** Returns what shows an exchange. */
export function exchangeOf({ request, response, bytes, took }) {
  const copy = button("Copy as curl", async (pressed) => {
    await navigator.clipboard.writeText(asCurl(request));
    pressed.textContent = "Copied";
    setTimeout(() => { pressed.textContent = "Copy as curl"; }, 1500);
  });
  const fields = Object.entries(request.headers)
    .map(([name, value]) => `\n${name}: ${name === "Authorization" ? `${value.slice(0, 24)}…` : value}`).join("");
  const received = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  return [
    element("h3", {}, "Request", copy),
    element("pre", { tabIndex: 0 }, `${request.method} ${request.url}${fields}${request.body ? `\n\n${request.body}` : ""}`),
    element("h3", {},
      element("span", { className: `status ${response.ok ? "good" : "bad"}` }, `${response.status} ${response.statusText}`),
      element("span", {}, `${took.toFixed(0)} ms, ${bytes.length.toLocaleString("en")} bytes${response.redirected ? ", redirected" : ""}`)),
    response.redirected ? element("pre", { tabIndex: 0 }, `→ ${response.url}`) : null,
    element("pre", { tabIndex: 0 }, [received, readable(bytes)].filter(Boolean).join("\n\n")),
  ].filter(Boolean);
}

/** Returns what shows that no response arrived. */
export function noResponse(error) {
  return element("p", { className: "bad" }, `The browser received no response that it may show: ${error.message}`);
}
