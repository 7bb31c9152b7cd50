// Ready-made requests for the demo data.

import { apiRequest, jsonOf, send } from "../api.js";
import { button, element, place } from "../elements.js";
import { exchangeOf, noResponse } from "./exchange.js";

/** Returns the requests. Each step builds a request from the stack and the body of the previous response. */
function examplesOf(stack) {
  const dataset = { dataset_id: stack.dataset_id };
  const asset = { ...dataset, package_id: stack.packages.viewer };
  const presign = () => apiRequest("/presign/s3", { ...dataset, package_id: stack.packages.live_file, redirect: "false" });
  return [
    {
      title: "Restore the deleted folder",
      about: "POST /restore, by an editor or above",
      steps: [() => apiRequest("/restore", dataset, {
        method: "POST",
        body: JSON.stringify({ nodeIds: [stack.packages.deleted_folder] }),
      })],
    },
    {
      title: "Sign the Parquet file and open it",
      about: "GET /cloudfront/sign, then its last 8 bytes",
      steps: [
        () => apiRequest("/cloudfront/sign", { ...asset, path: stack.assets.parquet }),
        (body) => ({ method: "GET", url: body.signed_url, headers: { Range: "bytes=-8" } }),
      ],
    },
    {
      title: "Sign a whole package",
      about: "scope=package, then one Zarr file with its policy",
      steps: [() => apiRequest("/cloudfront/sign", { ...asset, scope: "package" }), (body) => {
        const parameters = new URLSearchParams({
          Policy: body.policy, Signature: body.signature, "Key-Pair-Id": body.key_pair_id,
          ...(body.hash_algorithm === "SHA256" ? { "Hash-Algorithm": "SHA256" } : {}),
        });
        const path = `${stack.assets.zarr}/.zattrs`.split("/").map(encodeURIComponent).join("/");
        return { method: "GET", url: `${body.base_url}${path}?${parameters}` };
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
      steps: [presign, (body) => apiRequest("/proxy/s3", { presigned_url: body.presigned_url, redirect: "false" },
        { method: "HEAD", authorized: false })],
    },
    {
      title: "Open an asset without a signature",
      about: "CloudFront returns 403",
      steps: [() => ({ method: "GET", url: `${stack.cdn_url.replace(/\/$/, "")}/O1/D1/P1/asset.parquet` })],
    },
  ];
}

async function run(example) {
  const exchange = place("exchange");
  exchange.replaceChildren(element("p", { className: "hint" }, "Sending …"));
  const shown = [];
  try {
    let previous;
    for (const [at, step] of example.steps.entries()) {
      const exchanged = await send(step(previous));
      shown.push(...exchangeOf(exchanged));
      if (!exchanged.response.ok || at === example.steps.length - 1) break;
      previous = jsonOf(exchanged);
    }
  } catch (error) {
    shown.push(noResponse(error));
  }
  exchange.replaceChildren(...shown);
}

export function start(stack) {
  place("examples").replaceChildren(...examplesOf(stack).map((example) => {
    const choose = button("", (pressed) => {
      for (const other of place("examples").querySelectorAll("button")) other.ariaCurrent = String(other === pressed);
      return run(example);
    });
    choose.replaceChildren(element("strong", {}, example.title), element("small", {}, example.about));
    return element("li", {}, choose);
  }));
}
