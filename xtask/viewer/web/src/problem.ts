// Errors as words: what failed, and what to do.

import { AccessDenied, AssetUnreachable, InvalidAssetPath, PackagesError } from './client.js'

/** An error whose message is meant for the user. */
export class Problem extends Error {
  override readonly name = 'Problem'

  constructor(
    message: string,
    /** What the user can do. */
    readonly advice = '',
  ) {
    super(message)
  }
}

/** Returns a text without the queries of URLs, which may contain a signature. */
export function withoutQueries(text: string): string {
  return text.replace(/(https?:\/\/[^\s?"'<>]*)\?[^\s"'<>]*/g, '$1')
}

/** Returns whether an error is about reading an object, and not about its content. */
export function isAboutReading(error: unknown): boolean {
  const isAborted = error instanceof DOMException && error.name === 'AbortError'
  const kinds = [Problem, PackagesError, AccessDenied, AssetUnreachable, InvalidAssetPath]
  return isAborted || kinds.some((kind) => error instanceof kind)
}

/** Returns an error of any kind in words. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof PackagesError) return ofTheApi(error)
  if (error instanceof AccessDenied) {
    return new Problem(
      `The CDN denied ${new URL(error.url).pathname} twice (403), the second time with a new signature.`,
      'Check that the CDN trusts the signing key (`cargo xtask keys status`), that its bucket policy lets it read and list the assets bucket (`cargo xtask drift`), and that the clock of this machine is right.',
    )
  }
  if (error instanceof AssetUnreachable) {
    return new Problem(
      `The browser could not read ${new URL(error.url).pathname} from the CDN.`,
      'Either the CDN cannot be reached, or its CORS headers do not allow this page. The console of the browser has the reason.',
    )
  }
  if (error instanceof InvalidAssetPath) return new Problem(withoutQueries(error.message), 'Correct the path.')
  const message = error instanceof Error ? error.message : String(error)
  return new Problem(withoutQueries(message))
}

function ofTheApi(error: PackagesError): Problem {
  const id = error.errorId ? ` (error ID ${error.errorId})` : ''
  const message = `The API responded with ${error.status}: ${withoutQueries(error.message)}${id}.`
  switch (error.status) {
    case 401:
      return new Problem(message, 'The token is missing, expired, or of another environment. Get a new token.')
    case 403:
      return new Problem(message, 'The user may not read this dataset, or the package is infected. Choose another user or dataset.')
    case 404:
      return new Problem(message, 'Check the ids of the dataset and the package: the package may be deleted or in another dataset.')
    case 429:
      return new Problem(message, 'The gateway limits the rate of requests. Open the asset again in a few seconds.')
    default:
      return new Problem(message, error.errorId ? `Run \`cargo xtask explain ${error.errorId}\` for the cause.` : '')
  }
}
