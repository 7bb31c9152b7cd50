// A service and a CDN in memory, behind one `fetch`.

import { createPackagesClient, PackageReader } from "../src/index.js";
import type { AssetRequest } from "../src/index.js";

export const BASE_URL = "https://api.example/packages";
const CDN = "https://cdn.example/O1/D2/P3/";

/** What the CDN responds to a request with this signature, the first of which is 1. */
export type Cdn = (signature: number, url: string, init: RequestInit) => Response | Promise<Response>;

export interface FakeService {
  fetch: typeof fetch;
  /** The requests for signatures. */
  signed: Request[];
  /** The requests to the CDN, as signature and path. */
  read: string[];
  /** The time of all parties, in milliseconds. */
  now: number;
  /** The lifetime of a signature, in seconds. */
  lifetime: number;
  /** Responds to a request for a signature in place of 200. */
  rejectSigning: (() => Response | undefined) | undefined;
}

export function fakeService(cdn: Cdn = () => new Response("chunk")): FakeService {
  const service: FakeService = {
    signed: [],
    read: [],
    now: Date.UTC(2026, 0, 1),
    lifetime: 3600,
    rejectSigning: undefined,
    async fetch(input, init = {}) {
      if (input instanceof Request) {
        service.signed.push(input);
        await Promise.resolve();
        return service.rejectSigning?.() ?? signature(service);
      }
      const url = new URL(String(input));
      const number = Number(url.searchParams.get("Signature"));
      service.read.push(`${number} ${url.href.slice(CDN.length).split("?")[0]}`);
      return cdn(number, url.href, init);
    },
  };
  return service;
}

/** Returns a reader of a package of this service. */
export function reader(service: FakeService, onRequest?: (request: AssetRequest) => void): PackageReader {
  return new PackageReader({
    client: createPackagesClient({ baseUrl: BASE_URL, token: "token", fetch: service.fetch }),
    datasetId: "N:dataset:1",
    packageId: "N:package:1",
    fetch: service.fetch,
    now: () => service.now,
    ...(onRequest && { onRequest }),
  });
}

function signature({ signed, now, lifetime }: FakeService): Response {
  return Response.json({
    base_url: CDN,
    policy: "policy",
    signature: String(signed.length),
    key_pair_id: "K1",
    hash_algorithm: "SHA256",
    resource: `${CDN}*`,
    expires_at: now / 1000 + lifetime,
  });
}
