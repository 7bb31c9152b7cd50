import assert from "node:assert/strict";
import { test } from "node:test";

import { assetUrlPath, InvalidAssetPath } from "../src/index.js";

test("path is encoded as the service encodes it", () => {
  let printable = "";
  for (let code = 0x20; code < 0x7f; code += 1) printable += String.fromCharCode(code);
  // The same text as in the test of the signatures of the service, without the backslash.
  assert.equal(
    assetUrlPath(printable.replace("\\", "")),
    "%20!%22%23$%25&'()%2A%2B,-./0123456789:;%3C=%3E%3F@ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5D%5E_%60" +
      "abcdefghijklmnopqrstuvwxyz%7B%7C%7D~",
  );
});

test("unicode is encoded as UTF-8", () => {
  assert.equal(assetUrlPath("Gehirn é/脳 🧠.zarr"), "Gehirn%20%C3%A9/%E8%84%B3%20%F0%9F%A7%A0.zarr");
});

test("text that looks encoded is encoded once more", () => {
  assert.equal(assetUrlPath("a%2Fb%40"), "a%252Fb%2540");
});

test("paths that the service rejects are rejected", () => {
  const rejected = ["", "/a", "a//b", "a/", ".", "a/../b", "a\\b", "a\0", "\u007f", "\u0085", "\ud800"];
  for (const path of [...rejected, "é".repeat(513)]) {
    assert.throws(() => assetUrlPath(path), InvalidAssetPath, JSON.stringify(path));
  }
  assert.equal(assetUrlPath("a".repeat(1024)).length, 1024);
});
