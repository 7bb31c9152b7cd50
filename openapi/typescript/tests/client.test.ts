import assert from "node:assert/strict";
import { test } from "node:test";

import { createPackagesClient, PackagesError } from "../src/index.js";
import type { Token } from "../src/index.js";
import { BASE_URL } from "./service.js";

const QUERY = { dataset_id: "N:dataset:1", package_id: "N:package:1" };

function clientOf(respond: (request: Request) => Response, token: Token = "token") {
  return createPackagesClient({
    baseUrl: BASE_URL,
    token,
    fetch: async (input) => respond(input as Request),
  });
}

async function errorOf(response: Response): Promise<PackagesError> {
  const client = clientOf(() => response);
  const error = await client.GET("/presign/s3", { params: { query: QUERY } }).catch((thrown) => thrown);
  assert.ok(error instanceof PackagesError);
  return error;
}

test("error of the service has its message and id", async () => {
  const error = await errorOf(Response.json({ message: "not found", errorId: "id-1" }, { status: 404 }));
  assert.deepEqual([error.status, error.message, error.errorId], [404, "not found", "id-1"]);
});

test("error of the gateway has the id of its header", async () => {
  const response = Response.json(
    { message: "Too Many Requests" },
    { status: 429, headers: { "apigw-requestid": "id-2" } },
  );
  const error = await errorOf(response);
  assert.deepEqual([error.status, error.message, error.errorId], [429, "Too Many Requests", "id-2"]);
});

test("error without JSON names the status", async () => {
  for (const body of ["<Error><Code>AccessDenied</Code></Error>", "null", "[]", '{"message": 1}', ""]) {
    const error = await errorOf(new Response(body, { status: 403 }));
    assert.equal(error.message, "the service responded with status 403", body);
    assert.equal(error.errorId, undefined);
  }
});

test("token is requested for each request", async () => {
  const sent: (string | null)[] = [];
  let renewals = 0;
  const client = clientOf(
    (request) => {
      sent.push(request.headers.get("authorization"));
      return Response.json({ success: [], failures: [] });
    },
    async () => `token-${(renewals += 1)}`,
  );
  const restore = { params: { query: { dataset_id: "N:dataset:1" } }, body: { nodeIds: [] } };
  await client.POST("/restore", restore);
  const { data } = await client.POST("/restore", restore);
  assert.deepEqual(sent, ["Bearer token-1", "Bearer token-2"]);
  assert.deepEqual(data, { success: [], failures: [] });
});

test("no token is sent with a presigned URL", async () => {
  const requests: Request[] = [];
  const client = clientOf((request) => {
    requests.push(request);
    return new Response("object");
  });
  const presigned_url = "https://bucket.s3.amazonaws.com/key?X-Amz-Signature=a&b=c+d";
  await client.GET("/proxy/s3", { params: { query: { presigned_url } }, parseAs: "text" });
  const [request] = requests;
  assert.ok(request);
  assert.equal(request.headers.get("authorization"), null);
  assert.equal(new URL(request.url).searchParams.get("presigned_url"), presigned_url);
});
