// The console: the running components, example requests, and the statistics of the functions.
"use strict";

const place = (id) => document.getElementById(id);

async function load(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

function complain(error) {
  place("problem").textContent = error.message ?? String(error);
  place("problem").hidden = false;
}

// Running components

async function showComponents() {
  const components = await load("components.json");
  place("components").replaceChildren(...components.map(({ name, url, description, up }) => {
    const opens = url.startsWith("http://") || url.startsWith("https://");
    return element("tr", {},
      element("td", {}, element("span", { className: `state ${up ? "up" : "down"}`, title: up ? "up" : "down" }), name),
      element("td", {}, opens ? element("a", { href: url }, element("code", {}, url)) : element("code", {}, url)),
      element("td", {}, description));
  }));
  return components;
}

async function showStatistics() {
  const statistics = await load("statistics.json");
  const rows = Array.isArray(statistics)
    ? statistics
    : Object.entries(statistics ?? {}).map(([name, values]) =>
      (values && typeof values === "object" ? { function: name, ...values } : { name, value: values }));
  if (rows.length === 0) {
    place("statistics").replaceChildren(element("p", { className: "hint" }, "No function was called yet."));
    return;
  }
  const heads = [...new Set(rows.flatMap(Object.keys))];
  const shown = (value) => (value && typeof value === "object" ? JSON.stringify(value) : value);
  const made = table(heads.map((head) => head.replaceAll("_", " ")), rows.map((row) => heads.map((head) => shown(row[head]))));
  place("statistics").replaceChildren(...made.childNodes);
}

async function showWithoutEffect() {
  const lines = await load("without-effect.json");
  place("without-effect-list").replaceChildren(...lines.map((line) => element("li", {}, line)));
}

function showStack(stack) {
  const entries = (value, path) => (value && typeof value === "object"
    ? Object.entries(value).flatMap(([name, inner]) => entries(inner, path ? `${path}.${name}` : name))
    : [[path, String(value)]]);
  place("stack").replaceChildren(...entries(stack, "").flatMap(([name, value]) => [
    element("dt", {}, name), element("dd", { title: value }, value)]));
}

// Example requests

/** Returns the example requests. Each step builds a request from the stack and the body of the previous response. */
function exampleRequests(stack) {
  const api = (path, query, options = {}) => {
    const url = new URL(stack.api_url.replace(/\/$/, "") + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return { method: "GET", url: url.href, authorized: true, ...options };
  };
  const dataset = { dataset_id: stack.dataset_id };
  const presign = () => api("/presign/s3", { ...dataset, package_id: stack.packages.live_file, redirect: "false" });
  const sign = () => api("/cloudfront/sign", { ...dataset, package_id: stack.packages.viewer, path: stack.assets.parquet });
  const signPackage = () => api("/cloudfront/sign", { ...dataset, package_id: stack.packages.viewer, scope: "package" });
  return [
    {
      title: "Restore the deleted folder",
      about: "POST /restore, by an editor or above",
      steps: [() => api("/restore", dataset, {
        method: "POST",
        body: JSON.stringify({ nodeIds: [stack.packages.deleted_folder] }),
      })],
    },
    {
      title: "Sign the Parquet file and open it",
      about: "GET /cloudfront/sign, then its last 8 bytes",
      steps: [sign, (body) => ({ method: "GET", url: body.signed_url, headers: { Range: "bytes=-8" } })],
    },
    {
      title: "Sign a whole package",
      about: "scope=package, then one Zarr file with its policy",
      steps: [signPackage, (body) => {
        const parameters = new URLSearchParams({
          Policy: body.policy, Signature: body.signature, "Key-Pair-Id": body.key_pair_id,
          ...(body.hash_algorithm === "SHA256" ? { "Hash-Algorithm": "SHA256" } : {}),
        });
        const path = `${stack.assets.zarr}/.zattrs`.split("/").map(encodeURIComponent).join("/");
        // CloudFront's base64 has ~, which URLSearchParams would encode and a signed URL must not.
        return { method: "GET", url: `${body.base_url}${path}?${parameters.toString().replaceAll("%7E", "~")}` };
      }],
    },
    {
      title: "Presign a file",
      about: "GET /presign/s3, then the file from S3",
      steps: [presign, (body) => ({ method: "GET", url: body.presigned_url })],
    },
    {
      title: "Request a presigned URL through the proxy",
      about: "HEAD /proxy/s3, without a token",
      steps: [presign, (body) => api("/proxy/s3", { presigned_url: body.presigned_url, redirect: "false" },
        { method: "HEAD", authorized: false })],
    },
    {
      title: "Open an asset without a signature",
      about: "CloudFront returns 403",
      steps: [() => ({ method: "GET", url: `${stack.cdn_url.replace(/\/$/, "")}/O1/D1/P1/asset.parquet` })],
    },
  ];
}

/** Returns a new token, or the one from the start of the stack if the issuer does not respond. */
async function tokenOf(user, stack, issuer) {
  if (issuer) {
    const fresh = await fetch(new URL(`/token/${encodeURIComponent(user)}`, issuer)).catch(() => null);
    if (fresh?.ok) return (await fresh.text()).trim();
  }
  return stack.tokens[user];
}

function asCurl({ method, url, headers, body }) {
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const verb = method === "HEAD" ? ["--head"] : method === "GET" ? [] : ["-X", method];
  const fields = Object.entries(headers).flatMap(([name, value]) => ["-H", quote(`${name}: ${value}`)]);
  return ["curl", ...verb, quote(url), ...fields, ...(body ? ["--data", quote(body)] : [])].join(" ");
}

async function send({ method, url, authorized, headers = {}, body }, token) {
  const request = {
    method, url, body,
    headers: {
      ...headers,
      ...(authorized ? { Authorization: `Bearer ${token}` } : {}),
      ...(body ? { "Content-Type": "application/json" } : {}),
    },
  };
  const began = performance.now();
  const response = await fetch(url, { method, headers: request.headers, body });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { request, response, bytes, took: performance.now() - began };
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

function showExchange({ request, response, bytes, took }) {
  const copy = element("button", { type: "button" }, "Copy as curl");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(asCurl(request));
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy as curl"; }, 1500);
  });
  const fields = Object.entries(request.headers)
    .map(([name, value]) => `\n${name}: ${name === "Authorization" ? `${value.slice(0, 24)}…` : value}`).join("");
  const received = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  return [
    element("h3", {}, "Request", copy),
    element("pre", {}, `${request.method} ${request.url}${fields}${request.body ? `\n\n${request.body}` : ""}`),
    element("h3", {},
      element("span", { className: `status ${response.ok ? "good" : "bad"}` }, `${response.status} ${response.statusText}`),
      element("span", {}, `${took.toFixed(0)} ms, ${bytes.length.toLocaleString("en")} bytes${response.redirected ? ", redirected" : ""}`)),
    response.redirected ? element("pre", {}, `→ ${response.url}`) : null,
    element("pre", {}, [received, readable(bytes)].filter(Boolean).join("\n\n")),
  ];
}

async function run(example, stack, issuer) {
  const exchange = place("exchange");
  exchange.replaceChildren(element("p", { className: "hint" }, "Sending …"));
  const user = document.querySelector("#users input:checked").value;
  const shown = [];
  try {
    const token = await tokenOf(user, stack, issuer);
    let previous;
    for (const [at, step] of example.steps.entries()) {
      const exchanged = await send(step(previous), token);
      shown.push(...showExchange(exchanged));
      if (!exchanged.response.ok || at === example.steps.length - 1) break;
      previous = JSON.parse(new TextDecoder().decode(exchanged.bytes));
    }
  } catch (error) {
    shown.push(element("p", { className: "bad" }, `The browser received no response that it may show: ${error.message}`));
  }
  exchange.replaceChildren(...shown.filter(Boolean));
  await showStatistics();
}

function showRequests(stack, issuer) {
  const rank = ["owner", "editor", "viewer", "guest"];
  const users = Object.keys(stack.tokens).sort((one, other) => rank.indexOf(one) - rank.indexOf(other));
  place("users").append(...users.map((user, at) => element("label", {},
    element("input", { type: "radio", name: "user", value: user, checked: at === 0 }), element("span", {}, user))));
  place("requests").replaceChildren(...exampleRequests(stack).map((example) => {
    const button = element("button", { type: "button" }, element("strong", {}, example.title), element("small", {}, example.about));
    button.addEventListener("click", () => {
      for (const other of place("requests").querySelectorAll("button")) other.ariaCurrent = String(other === button);
      run(example, stack, issuer).catch(complain);
    });
    return element("li", {}, button);
  }));
}

async function start() {
  const [stack, components] = await Promise.all([load("stack.json"), showComponents()]);
  const issuer = components.find(({ name }) => name === "issuer")?.url;
  showRequests(stack, issuer);
  showStack(stack);
  await Promise.all([showStatistics(), showWithoutEffect()]);
  place("openapi").replaceChildren(...openapi.render(await load("openapi.json")));
  setInterval(() => Promise.all([showComponents(), showStatistics()]).catch(complain), 5000);
}

start().catch(complain);
