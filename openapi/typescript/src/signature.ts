import type { PackagesClient } from "./client.js";

/** How long before its end a signature is renewed, unless its whole lifetime is short. */
const RENEWAL_SECONDS = 300;
/** The share of a short lifetime in which a signature is renewed. */
const RENEWAL_SHARE = 0.2;

/** A signature for all assets of a package. */
export interface Signature {
  /** The URL that the paths of assets are appended to. */
  readonly baseUrl: string;
  /** The query that opens each of them. */
  readonly query: string;
  /** When it is to be renewed, in milliseconds. */
  readonly renewAt: number;
}

/** Requests a signature for all assets of a package. */
export async function signPackage(
  client: PackagesClient,
  datasetId: string,
  packageId: string,
  now: () => number,
): Promise<Signature> {
  const query = { dataset_id: datasetId, package_id: packageId, scope: "package" } as const;
  const { data } = await client.GET("/cloudfront/sign", { params: { query } });
  if (data === undefined || !("policy" in data)) {
    throw new Error("the response to a request with scope=package has no policy");
  }
  return {
    baseUrl: data.base_url,
    query: policyQuery(data),
    renewAt: renewalTime(now() / 1000, data.expires_at) * 1000,
  };
}

/** Returns the query of a custom policy. The values are in a base64 that needs no percent-encoding. */
function policyQuery(signed: {
  policy: string;
  signature: string;
  key_pair_id: string;
  hash_algorithm: string;
}): string {
  const hash = signed.hash_algorithm === "SHA1" ? "" : `&Hash-Algorithm=${signed.hash_algorithm}`;
  return `Policy=${signed.policy}&Signature=${signed.signature}&Key-Pair-Id=${signed.key_pair_id}${hash}`;
}

function renewalTime(now: number, expiresAt: number): number {
  const lifetime = expiresAt - now;
  // The clock of this machine is wrong. The CDN decides, and its 403 renews the signature.
  if (lifetime <= 0) return Infinity;
  return expiresAt - Math.min(RENEWAL_SECONDS, lifetime * RENEWAL_SHARE);
}
