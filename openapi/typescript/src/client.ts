import createClient from "openapi-fetch";
import type { Client, Middleware } from "openapi-fetch";

import { PackagesError } from "./errors.js";
import type { paths } from "./schema.js";

/** An access token, or a function that returns one and can renew it. */
export type Token = string | (() => string | Promise<string>);

/** The settings of a client. */
export interface PackagesClientOptions {
  /** Where the service is, such as `https://api2.pennsieve.io/packages`. */
  baseUrl: string;
  /** The access token, requested anew for each request if it is a function. */
  token: Token;
  /** Sends requests in place of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
}

/** A client of the service. Its methods return `data`, or throw a {@link PackagesError}. */
export type PackagesClient = Client<paths>;

/**
 * The path whose presigned URL is its own authorization.
 *
 * Without a token a browser sends no preflight request to it.
 */
const PUBLIC_PATH: keyof paths = "/proxy/s3";

/** Returns a client of the service. */
export function createPackagesClient({ baseUrl, token, fetch }: PackagesClientOptions): PackagesClient {
  // The global is read with each request, so that a page can replace it.
  const send: typeof globalThis.fetch = fetch ?? ((input, init) => globalThis.fetch(input, init));
  const client = createClient<paths>({ baseUrl, fetch: (request) => send(request) });
  client.use(authorization(token), errors);
  return client;
}

function authorization(token: Token): Middleware {
  return {
    async onRequest({ request, schemaPath }) {
      if (schemaPath === PUBLIC_PATH) return;
      const value = typeof token === "string" ? token : await token();
      request.headers.set("Authorization", `Bearer ${value}`);
    },
  };
}

const errors: Middleware = {
  async onResponse({ response }) {
    if (response.status >= 400) throw await PackagesError.from(response);
  },
};
