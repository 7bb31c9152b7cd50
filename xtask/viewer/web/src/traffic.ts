// The requests of the page, and what they cost.

import type { AssetRequest } from './client.js'

/** A request that was answered. */
export interface Exchange extends AssetRequest {
  /** Where it went. */
  to: 'API' | 'CDN'
}

/** What all requests amount to. */
export interface Totals {
  requests: number
  bytes: number
  /** Absent as long as the CDN does not expose `X-Cache`. */
  cacheHits: number | undefined
  signatures: number
  denied: number
  missing: number
  failed: number
}

/** How many requests are listed. */
const LISTED = 200

/** Counts requests, and keeps the latest ones. */
export class Traffic {
  readonly exchanges: Exchange[] = []
  totals: Totals = noTotals()
  /** From the opening of an asset until it was shown, in milliseconds. */
  shownAfter: number | undefined
  readonly #changed: () => void

  constructor(changed: () => void) {
    this.#changed = changed
  }

  add(exchange: Exchange): void {
    const { totals } = this
    totals.requests += 1
    totals.bytes += exchange.bytes ?? 0
    if (exchange.to === 'API') totals.signatures += 1
    if (exchange.cacheHit !== undefined) totals.cacheHits = (totals.cacheHits ?? 0) + Number(exchange.cacheHit)
    if (exchange.status === 403) totals.denied += 1
    else if (exchange.status === 404) totals.missing += 1
    else if (exchange.status >= 400) totals.failed += 1
    this.exchanges.unshift(exchange)
    this.exchanges.length = Math.min(this.exchanges.length, LISTED)
    this.#changed()
  }

  shown(milliseconds: number): void {
    this.shownAfter ??= milliseconds
    this.#changed()
  }

  reset(): void {
    this.exchanges.length = 0
    this.totals = noTotals()
    this.shownAfter = undefined
    this.#changed()
  }

  /** Returns a `fetch` that counts the requests to the API. */
  fetchOfApi(now = () => performance.now()): typeof fetch {
    return async (input, init) => {
      const started = now()
      const response = await fetch(input, init)
      const url = new URL(input instanceof Request ? input.url : input, 'http://page')
      this.add({
        to: 'API',
        path: url.pathname,
        method: input instanceof Request ? input.method : (init?.method ?? 'GET'),
        range: undefined,
        status: response.status,
        bytes: Number(response.headers.get('content-length') ?? 0),
        cacheHit: undefined,
        milliseconds: now() - started,
      })
      return response
    }
  }
}

function noTotals(): Totals {
  return { requests: 0, bytes: 0, cacheHits: undefined, signatures: 0, denied: 0, missing: 0, failed: 0 }
}
