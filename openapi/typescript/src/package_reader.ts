import { assetUrlPath } from "./asset_path.js";
import type { PackagesClient } from "./client.js";
import { AccessDenied, AssetUnreachable } from "./errors.js";
import { signPackage } from "./signature.js";
import type { Signature } from "./signature.js";

/** A request to the CDN, when its response has begun. */
export interface AssetRequest {
  /** The path of the asset. */
  path: string;
  /** `GET` or `HEAD`. */
  method: string;
  /** The requested range, such as `bytes=0-1023`. */
  range: string | undefined;
  /** The status of the response. */
  status: number;
  /** The size of the body; unknown if the CDN compresses it on the way. */
  bytes: number | undefined;
  /** Whether the CDN had the object; unknown if the CDN does not expose `X-Cache`. */
  cacheHit: boolean | undefined;
  /** The time from the request to the headers of the response. */
  milliseconds: number;
}

/** How an asset is read. */
export type ReadOptions = Omit<RequestInit, "body" | "method"> & { method?: "GET" | "HEAD" };

/** The settings of a {@link PackageReader}. */
export interface PackageReaderOptions {
  /** Signs. */
  client: PackagesClient;
  /** The node id of the dataset. */
  datasetId: string;
  /** The node id of the package. */
  packageId: string;
  /** Reads assets in place of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
  /** Returns the time in milliseconds in place of `Date.now`. */
  now?: () => number;
  /** Called for each response of the CDN. */
  onRequest?: (request: AssetRequest) => void;
}

/**
 * Reads the viewer assets of a package through the CDN.
 *
 * One signature opens all of them. It is requested once for parallel reads, and renewed before it expires.
 */
export class PackageReader {
  readonly #options: PackageReaderOptions;
  readonly #fetch: typeof globalThis.fetch;
  readonly #now: () => number;
  #signature: Signature | undefined;
  #signing: Promise<Signature> | undefined;

  constructor(options: PackageReaderOptions) {
    this.#options = options;
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#now = options.now ?? Date.now;
  }

  /** Returns a URL that opens an asset until its signature expires. */
  async url(path: string): Promise<string> {
    const urlPath = assetUrlPath(path);
    return signedUrl(await this.#currentSignature(), urlPath);
  }

  /**
   * Reads an asset.
   *
   * A 403 renews the signature and repeats the request; a second one throws {@link AccessDenied}. A 404, such as
   * that of a missing chunk, is returned like every other response.
   */
  async read(path: string, options: ReadOptions = {}): Promise<Response> {
    const urlPath = assetUrlPath(path);
    const signature = await untilAborted(this.#currentSignature(), options.signal);
    const response = await this.#send(path, urlPath, signature, options);
    if (response.status !== 403) return response;

    await response.body?.cancel();
    const renewed = await untilAborted(this.#signatureAfter(signature), options.signal);
    const repeated = await this.#send(path, urlPath, renewed, options);
    if (repeated.status !== 403) return repeated;
    await repeated.body?.cancel();
    throw new AccessDenied(renewed.baseUrl + urlPath);
  }

  /** Returns a signature that does not expire soon. */
  async #currentSignature(): Promise<Signature> {
    const signature = this.#signature;
    if (signature !== undefined && this.#now() < signature.renewAt) return signature;
    return this.#signatureAfter(signature);
  }

  /** Returns a signature other than this one. All callers that wait for it share one request. */
  async #signatureAfter(old: Signature | undefined): Promise<Signature> {
    if (this.#signature !== undefined && this.#signature !== old) return this.#signature;
    return (this.#signing ??= this.#sign());
  }

  async #sign(): Promise<Signature> {
    const { client, datasetId, packageId } = this.#options;
    try {
      return (this.#signature = await signPackage(client, datasetId, packageId, this.#now));
    } finally {
      this.#signing = undefined;
    }
  }

  async #send(
    path: string,
    urlPath: string,
    signature: Signature,
    options: ReadOptions,
  ): Promise<Response> {
    const started = this.#now();
    const send = this.#fetch;
    let response;
    try {
      response = await send(signedUrl(signature, urlPath), options);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw unreachable(signature, urlPath, error);
    }
    const length = response.headers.get("content-length");
    const cache = response.headers.get("x-cache");
    const method = options.method ?? "GET";
    this.#options.onRequest?.({
      path,
      method,
      range: new Headers(options.headers).get("range") ?? undefined,
      status: response.status,
      bytes: method === "HEAD" ? 0 : length === null ? undefined : Number(length),
      cacheHit: cache === null ? undefined : /^(?:refresh)?hit\b/i.test(cache),
      milliseconds: this.#now() - started,
    });
    return response;
  }
}

function signedUrl(signature: Signature, urlPath: string): string {
  return `${signature.baseUrl}${urlPath}?${signature.query}`;
}

/** Returns the error without the signature, which some messages of `fetch` contain. */
function unreachable(signature: Signature, urlPath: string, error: unknown): AssetUnreachable {
  const reason = error instanceof Error ? error.message : String(error);
  return new AssetUnreachable(signature.baseUrl + urlPath, reason.replaceAll(`?${signature.query}`, ""));
}

/** Lets one caller abort its wait. The promise itself continues, since other callers wait for it. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return promise;
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
