import assert from "node:assert/strict";
import { test } from "node:test";

import { AccessDenied, AssetUnreachable, InvalidAssetPath, PackagesError } from "../src/index.js";
import type { AssetRequest } from "../src/index.js";
import { fakeService, reader } from "./service.js";

const denied = () => new Response("denied", { status: 403 });

test("path is joined to the signature of the package", async () => {
  const service = fakeService();
  const url = await reader(service).url("image é.zarr/0/1+2");
  assert.equal(
    url,
    "https://cdn.example/O1/D2/P3/image%20%C3%A9.zarr/0/1%2B2" +
      "?Policy=policy&Signature=1&Key-Pair-Id=K1&Hash-Algorithm=SHA256",
  );
  const query = Object.fromEntries(new URL(service.signed[0]!.url).searchParams);
  assert.deepEqual(query, { dataset_id: "N:dataset:1", package_id: "N:package:1", scope: "package" });
});

test("parallel reads share one signature", async () => {
  const service = fakeService();
  const assets = reader(service);
  await Promise.all(Array.from({ length: 1000 }, (_, index) => assets.read(`chunk/${index}`)));
  assert.equal(service.signed.length, 1);
  assert.equal(service.read.length, 1000);
});

test("signature is renewed before it expires", async () => {
  for (const [lifetime, renewedAfter] of [
    [3600, 3300],
    [100, 80],
  ] as const) {
    const service = fakeService();
    service.lifetime = lifetime;
    const assets = reader(service);
    await assets.read("a");
    service.now += renewedAfter * 1000 - 1;
    await assets.read("b");
    service.now += 1;
    await Promise.all([assets.read("c"), assets.read("d")]);
    assert.deepEqual(service.read, ["1 a", "1 b", "2 c", "2 d"]);
    assert.equal(service.signed.length, 2);
  }
});

test("clock that is ahead does not renew with each read", async () => {
  const service = fakeService();
  service.lifetime = -7200;
  const assets = reader(service);
  await assets.read("a");
  await assets.read("b");
  assert.equal(service.signed.length, 1);
});

test("403 renews once for all reads and repeats them", async () => {
  const service = fakeService((signature) => (signature === 1 ? denied() : new Response("chunk")));
  const assets = reader(service);
  const responses = await Promise.all(["a", "b", "c"].map((path) => assets.read(path)));
  assert.deepEqual(await Promise.all(responses.map((response) => response.text())), Array(3).fill("chunk"));
  assert.equal(service.signed.length, 2);
  assert.deepEqual(service.read, ["1 a", "1 b", "1 c", "2 a", "2 b", "2 c"]);
});

test("403 that arrives after a renewal does not renew again", async () => {
  let respond = (_: Response) => {};
  const late = new Promise<Response>((resolve) => (respond = resolve));
  const service = fakeService((signature, url) => {
    if (signature === 2) return new Response("chunk");
    return url.includes("late") ? late : denied();
  });
  const assets = reader(service);
  const waiting = assets.read("late");
  await assets.read("early");
  respond(denied());
  assert.equal((await waiting).status, 200);
  assert.equal(service.signed.length, 2);
});

test("second 403 in a row means denied", async () => {
  const service = fakeService(denied);
  const error = await reader(service).read("a b").catch((thrown) => thrown);
  assert.ok(error instanceof AccessDenied);
  assert.equal(error.url, "https://cdn.example/O1/D2/P3/a%20b");
  assert.doesNotMatch(`${error.message} ${error.stack}`, /Signature|Policy/);
  assert.equal(service.signed.length, 2);
});

test("missing chunk is returned as 404", async () => {
  const service = fakeService(() => new Response("", { status: 404 }));
  assert.equal((await reader(service).read("missing")).status, 404);
  assert.equal(service.signed.length, 1);
});

test("options reach the CDN, and the hook sees each request", async () => {
  const seen: AssetRequest[] = [];
  const service = fakeService((_, __, init) => {
    assert.equal(new Headers(init.headers).get("range"), "bytes=0-4");
    assert.equal(init.cache, "no-store");
    service.now += 7;
    const headers = { "Content-Length": "5", "X-Cache": "RefreshHit from cloudfront" };
    return new Response(init.method === "HEAD" ? null : "chunk", { status: 206, headers });
  });
  const assets = reader(service, (request) => seen.push(request));
  const options = { headers: { Range: "bytes=0-4" }, cache: "no-store" } as const;
  await assets.read("a", options);
  await assets.read("b", { ...options, method: "HEAD" });
  const common = { range: "bytes=0-4", status: 206, cacheHit: true, milliseconds: 7 };
  assert.deepEqual(seen, [
    { path: "a", method: "GET", bytes: 5, ...common },
    { path: "b", method: "HEAD", bytes: 0, ...common },
  ]);
});

test("what the CDN does not expose is unknown", async () => {
  const seen: AssetRequest[] = [];
  await (await reader(fakeService(), (request) => seen.push(request)).read("a")).text();
  assert.deepEqual([seen[0]?.bytes, seen[0]?.cacheHit], [undefined, undefined]);
});

test("failure to sign reaches every caller, and the next one signs again", async () => {
  const service = fakeService();
  service.rejectSigning = () => Response.json({ message: "Service Unavailable" }, { status: 503 });
  const assets = reader(service);
  const failures = await Promise.allSettled([assets.read("a"), assets.url("b")]);
  for (const failure of failures) assert.ok(failure.status === "rejected" && failure.reason instanceof PackagesError);
  assert.equal(service.signed.length, 1);
  service.rejectSigning = undefined;
  assert.equal((await assets.read("a")).status, 200);
});

test("failure of the network shows no signature", async () => {
  const service = fakeService((_, url) => {
    throw new TypeError(`Failed to parse URL from ${url}`);
  });
  const error = await reader(service).read("a").catch((thrown) => thrown);
  assert.ok(error instanceof AssetUnreachable);
  assert.doesNotMatch(`${error.message} ${error.stack}`, /Signature|Policy/);
  assert.match(error.message, /^could not read https:\/\/cdn\.example\/O1\/D2\/P3\/a: Failed to parse URL/);
});

test("caller that aborts does not abort the signature of others", async () => {
  const service = fakeService();
  const assets = reader(service);
  const controller = new AbortController();
  const aborted = assets.read("a", { signal: controller.signal });
  const other = assets.read("b");
  controller.abort();
  await assert.rejects(aborted, { name: "AbortError" });
  assert.equal((await other).status, 200);
  assert.deepEqual(service.read, ["1 b"]);
});

test("path that names no asset is rejected without a request", async () => {
  const service = fakeService();
  await assert.rejects(reader(service).read("/a"), InvalidAssetPath);
  assert.equal(service.signed.length, 0);
});
