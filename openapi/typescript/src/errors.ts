/** The service, or the gateway in front of it, rejected a request. */
export class PackagesError extends Error {
  override readonly name = "PackagesError";

  constructor(
    /** The status of the response. */
    readonly status: number,
    message: string,
    /** The id of the request, under which the logs have the cause. */
    readonly errorId: string | undefined,
  ) {
    super(message);
  }

  /** Returns the error that a response stands for. */
  static async from(response: Response): Promise<PackagesError> {
    const body = await errorBody(response);
    const message = body.message ?? `the service responded with status ${response.status}`;
    // The gateway's own errors have no `errorId`.
    const errorId = body.errorId ?? response.headers.get("apigw-requestid") ?? undefined;
    return new PackagesError(response.status, message, errorId);
  }
}

/** The CDN denied an asset twice in a row, the second time with a new signature. */
export class AccessDenied extends Error {
  override readonly name = "AccessDenied";

  constructor(
    /** The URL of the asset, without its signature. */
    readonly url: string,
  ) {
    super(`access denied to ${url}, also with a new signature`);
  }
}

/** The CDN could not be reached, or a browser did not allow the response to be read. */
export class AssetUnreachable extends Error {
  override readonly name = "AssetUnreachable";

  constructor(
    /** The URL of the asset, without its signature. */
    readonly url: string,
    reason: string,
  ) {
    super(`could not read ${url}: ${reason}`);
  }
}

async function errorBody(response: Response): Promise<{ message?: string; errorId?: string }> {
  let body: unknown;
  try {
    body = await response.json();
  } catch {
    // A HEAD response has no body, and S3 responds with XML.
    return {};
  }
  const text = (name: string) => {
    const value: unknown = (body as Record<string, unknown> | null)?.[name];
    return typeof value === "string" ? value : undefined;
  };
  const [message, errorId] = [text("message"), text("errorId")];
  return { ...(message !== undefined && { message }), ...(errorId !== undefined && { errorId }) };
}
