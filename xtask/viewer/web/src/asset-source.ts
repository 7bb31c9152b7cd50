// Reads objects of a package.

import type { PackageReader, ReadOptions } from './client.js'
import * as format from './format.js'
import { LARGEST_READ } from './limits.js'
import { Problem } from './problem.js'

type Reader = Pick<PackageReader, 'read'>

/**
 * Reads objects of a package, whole or in ranges, up to a limit.
 *
 * Nothing is taken from the cache of the browser: Chromium sends parallel ranges of one URL one after the other, and
 * some of them twice, while its cache holds a part of the object.
 */
export class AssetSource {
  readonly #reader: Reader

  constructor(reader: Reader) {
    this.#reader = reader
  }

  /** Returns the size of an object in bytes. */
  async size(path: string, signal?: AbortSignal): Promise<number> {
    const response = await this.#send(path, { method: 'HEAD', signal })
    if (response.status === 404) throw missing(path)
    if (!response.ok) throw unexpected(path, response.status)
    const length = response.headers.get('content-length')
    if (length === null) {
      throw new Problem(`The CDN does not say how large ${path} is.`, 'Its CORS headers must expose Content-Length.')
    }
    return Number(length)
  }

  /** Returns the bytes of an object from `start` to before `end`. */
  async range(path: string, start: number, end: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    if (end - start > LARGEST_READ) {
      throw new Problem(
        `Reading ${format.size(end - start)} of ${path} at once was refused.`,
        `This page reads at most ${format.size(LARGEST_READ)} with one request.`,
      )
    }
    if (end <= start) return new Uint8Array()
    const response = await this.#send(path, { headers: { range: `bytes=${start}-${end - 1}` }, signal })
    if (response.status === 404) throw missing(path)
    if (response.status !== 206) {
      await response.body?.cancel()
      throw new Problem(`The CDN responded with ${response.status} to a request for a range of ${path}.`, 'Ranges need status 206.')
    }
    const bytes = new Uint8Array(await response.arrayBuffer())
    if (bytes.length !== end - start) {
      throw new Problem(`${path} ends before byte ${format.count(end)}.`, 'It is shorter than it was, or was cut off.')
    }
    return bytes
  }

  /** Returns the last bytes of an object, or `undefined` if there is no object. */
  async suffix(path: string, length: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const response = await this.#send(path, { headers: { range: `bytes=-${length}` }, signal })
    return this.#body(path, response)
  }

  /** Returns a whole object, or `undefined` if there is none. */
  async whole(path: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#body(path, await this.#send(path, { signal }))
  }

  async #body(path: string, response: Response): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (response.status === 404) return undefined
    if (!response.ok) throw unexpected(path, response.status)
    const length = Number(response.headers.get('content-length') ?? 0)
    if (length > LARGEST_READ) {
      await response.body?.cancel()
      throw new Problem(
        `${path} has ${format.size(length)}, which is too much to read at once.`,
        `This page reads at most ${format.size(LARGEST_READ)}. Open it as bytes.`,
      )
    }
    return new Uint8Array(await response.arrayBuffer())
  }

  #send(path: string, { signal, ...options }: Omit<ReadOptions, 'signal'> & { signal?: AbortSignal | undefined }): Promise<Response> {
    return this.#reader.read(path, { ...options, cache: 'no-store', ...(signal && { signal }) })
  }
}

function missing(path: string): Problem {
  return new Problem(`There is no asset ${path} in this package (404).`, 'Check the path, with capitals.')
}

function unexpected(path: string, status: number): Problem {
  return new Problem(`The CDN responded with ${status} to a request for ${path}.`)
}
