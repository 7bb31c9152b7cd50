// A store of zarrita on the assets of a package.

import type { AbsolutePath, AsyncReadable, GetOptions, RangeQuery } from 'zarrita'
import type { AssetSource } from '../asset-source.js'

/** Reads the objects of a Zarr hierarchy. An object that is not there (404) is a missing chunk, not a failure. */
export class AssetStore implements AsyncReadable {
  /** How many objects were not there. */
  missing = 0
  readonly #source: AssetSource
  readonly #root: string

  constructor(source: AssetSource, root: string) {
    this.#source = source
    this.#root = root
  }

  async get(key: AbsolutePath, options?: GetOptions): Promise<Uint8Array | undefined> {
    return this.#counted(await this.#source.whole(this.#root + key, options?.signal))
  }

  async getRange(key: AbsolutePath, range: RangeQuery, options?: GetOptions): Promise<Uint8Array | undefined> {
    const path = this.#root + key
    if ('suffixLength' in range) return this.#counted(await this.#source.suffix(path, range.suffixLength, options?.signal))
    return this.#source.range(path, range.offset, range.offset + range.length, options?.signal)
  }

  #counted(bytes: Uint8Array | undefined): Uint8Array | undefined {
    if (bytes === undefined) this.missing += 1
    return bytes
  }
}
