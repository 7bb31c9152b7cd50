// An OME-Zarr image that is read chunk by chunk.

import { open, root } from 'zarrita'
import type { Array as ZarrArray, Chunk, DataType } from 'zarrita'
import type { AssetSource } from '../asset-source.js'
import * as format from '../format.js'
import { KEPT_IMAGE_CHUNKS, LARGEST_IMAGE_CHUNK } from '../limits.js'
import { Problem, isAboutReading, toProblem, withoutQueries } from '../problem.js'
import { registerCodecs } from './codecs.js'
import { parseMultiscales } from './multiscales.js'
import type { Multiscales } from './multiscales.js'
import type { Channel, Plane } from './pixels.js'
import { AssetStore } from './store.js'
import type { LevelSize, Tile } from './viewport.js'

/** A size of the image. */
export interface Level extends LevelSize {
  path: string
  array: ZarrArray<DataType, AssetStore>
}

/** Which slice of an image with more than two dimensions is shown: the index on each of the other axes. */
export type Position = Record<string, number>

/** The colors of channels that have none. */
const COLORS = ['#00ff00', '#ff00ff', '#00b7ff', '#ffb000', '#ff4040', '#ffffff']

/** The bytes of a value, by its type. */
const VALUE_BYTES: Record<string, number> = {
  int8: 1, uint8: 1, int16: 2, uint16: 2, int32: 4, uint32: 4, int64: 8, uint64: 8, float16: 2, float32: 4, float64: 8,
}

/** An open image. */
export class ZarrImage {
  /** Decoded chunks in the order of their last use. */
  readonly #chunks = new Map<string, Promise<Chunk<DataType>>>()

  private constructor(
    readonly path: string,
    /** The version of Zarr, 2 or 3. */
    readonly version: 2 | 3,
    readonly metadata: Multiscales,
    readonly levels: Level[],
    readonly store: AssetStore,
  ) {}

  /** Reads the metadata of the image and of its levels. */
  static async open(source: AssetSource, path: string): Promise<ZarrImage> {
    registerCodecs()
    const store = new AssetStore(source, path)
    const [v3, v2] = await Promise.all([readJson(store, path, '/zarr.json'), readJson(store, path, '/.zattrs')])
    if (v3 === undefined && v2 === undefined) {
      throw new Problem(
        `There is no OME-Zarr image at ${path}: neither .zattrs (Zarr 2) nor zarr.json (Zarr 3) exists.`,
        'Check the path, with capitals; it names the group, not an object in it.',
      )
    }
    const version = v3 === undefined ? 2 : 3
    const attributes = version === 3 ? (v3 as { attributes?: unknown } | null)?.attributes : v2
    const metadata = parseMultiscales(attributes, path)
    const levels = await Promise.all(metadata.paths.map((level) => openLevel(store, path, level, version, metadata.axes)))
    return new ZarrImage(path, version, metadata, levels, store)
  }

  /** Returns the number of indexes on an axis; 1 if the image does not have it. */
  length(axis: string): number {
    const dimension = this.metadata.axes.indexOf(axis)
    return dimension < 0 ? 1 : (this.levels[0]?.array.shape[dimension] ?? 1)
  }

  /** Returns the axes that are neither shown nor channels, and have more than one index. */
  get otherAxes(): string[] {
    return this.metadata.axes.filter((axis) => !['x', 'y', 'c'].includes(axis) && this.length(axis) > 1)
  }

  /** Returns the channels as they are shown at first. */
  channels(): Channel[] {
    return Array.from({ length: this.length('c') }, (_, index) => {
      const described = this.metadata.channels[index]
      return {
        label: described?.label ?? (this.length('c') === 1 ? 'Intensity' : `Channel ${index}`),
        color: described?.color ?? (this.length('c') === 1 ? '#ffffff' : (COLORS[index % COLORS.length] ?? '#ffffff')),
        isActive: described?.isActive ?? index < 4,
        start: described?.window?.start,
        end: described?.window?.end,
      }
    })
  }

  /** Returns the values of a channel in a chunk. */
  async plane({ level: index, row, column }: Tile, channel: number, position: Position): Promise<Plane> {
    const level = this.levels[index]
    if (!level) throw new Problem(`${this.path} has no level ${index}.`)
    const { axes } = this.metadata
    const { array } = level
    const at = axes.map((axis, dimension) => {
      if (axis === 'y') return row * level.chunkHeight
      if (axis === 'x') return column * level.chunkWidth
      const wanted = axis === 'c' ? channel : (position[axis] ?? 0)
      return Math.min(wanted, (array.shape[dimension] ?? 1) - 1)
    })
    const coordinates = at.map((value, dimension) => Math.floor(value / (array.chunks[dimension] ?? 1)))
    const { data, stride } = await this.#chunk(level, coordinates)
    const [y, x] = [axes.indexOf('y'), axes.indexOf('x')]
    const inChunk = at.map((value, dimension) => (dimension === x || dimension === y ? 0 : value % (array.chunks[dimension] ?? 1)))
    return {
      values: data as ArrayLike<number | bigint>,
      offset: inChunk.reduce((sum, value, dimension) => sum + value * (stride[dimension] ?? 0), 0),
      strideX: stride[x] ?? 1,
      strideY: stride[y] ?? 1,
      width: Math.min(level.chunkWidth, level.width - column * level.chunkWidth),
      height: Math.min(level.chunkHeight, level.height - row * level.chunkHeight),
    }
  }

  #chunk(level: Level, coordinates: number[]): Promise<Chunk<DataType>> {
    const key = `${level.path}/${coordinates.join('/')}`
    const kept = this.#chunks.get(key)
    this.#chunks.delete(key)
    const chunk = kept ?? this.#read(level, coordinates, key)
    this.#chunks.set(key, chunk)
    // A failed read is tried again by the next view of its chunk.
    chunk.catch(() => this.#chunks.delete(key))
    const most = Math.max(1, Math.floor(KEPT_IMAGE_CHUNKS / chunkBytes(level.array)))
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size <= most) break
      this.#chunks.delete(oldest)
    }
    return chunk
  }

  async #read(level: Level, coordinates: number[], key: string): Promise<Chunk<DataType>> {
    try {
      const chunk = await level.array.getChunk(coordinates)
      const [found, expected] = [chunk.data.length, chunk.shape.reduce((product, size) => product * size, 1)]
      if (found !== expected) throw new Error(`it has ${found} values in place of ${expected}`)
      return chunk
    } catch (error) {
      throw unreadable(`${this.path}/${key}`, error)
    }
  }
}

async function readJson(store: AssetStore, path: string, key: `/${string}`): Promise<unknown> {
  const bytes = await store.get(key)
  if (bytes === undefined) return undefined
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw new Problem(`${path}${key} is not JSON.`, 'The metadata of the image is damaged. Open it as bytes to see what it is.')
  }
}

async function openLevel(store: AssetStore, path: string, level: string, version: 2 | 3, axes: string[]): Promise<Level> {
  const name = `${path}/${level}/${version === 2 ? '.zarray' : 'zarr.json'}`
  const location = root(store).resolve(level)
  let array: ZarrArray<DataType, AssetStore>
  try {
    array = version === 2 ? await open.v2(location, { kind: 'array', attrs: false }) : await open.v3(location, { kind: 'array' })
    checkArray(array, name, axes)
  } catch (error) {
    if (error instanceof Error && error.name === 'NotFoundError') {
      throw new Problem(`${name} does not exist, although the image has a level ${level}.`, 'The image is incomplete; upload it again.')
    }
    throw unreadable(name, error)
  }
  const of = (sizes: number[], axis: string) => sizes[axes.indexOf(axis)] ?? 1
  return {
    path: level,
    array,
    width: of(array.shape, 'x'),
    height: of(array.shape, 'y'),
    chunkWidth: of(array.chunks, 'x'),
    chunkHeight: of(array.chunks, 'y'),
  }
}

/** Checks that an array can be shown. */
function checkArray({ shape, chunks, dtype }: ZarrArray<DataType, AssetStore>, name: string, axes: string[]): void {
  const isSize = (size: unknown) => Number.isSafeInteger(size) && Number(size) > 0
  if (!Array.isArray(shape) || !Array.isArray(chunks) || shape.length !== chunks.length || ![...shape, ...chunks].every(isSize)) {
    throw new Problem(`${name} is damaged: its shape and chunks are not lists of positive integers of equal length.`)
  }
  if (shape.length !== axes.length) {
    throw new Problem(`${name} has ${format.counted(shape.length, 'dimension')}, but the image has the axes ${axes.join(', ')}.`)
  }
  if (!(dtype in VALUE_BYTES)) throw new Problem(`${name} has values of the type ${dtype}, which are not pixels.`)
  const bytes = chunkBytes({ chunks, dtype })
  if (bytes > LARGEST_IMAGE_CHUNK) {
    throw new Problem(
      `${name} declares chunks of ${format.size(bytes)}.`,
      `This page reads chunks of at most ${format.size(LARGEST_IMAGE_CHUNK)}. Write the image with smaller chunks.`,
    )
  }
}

function chunkBytes({ chunks, dtype }: { chunks: number[]; dtype: string }): number {
  return chunks.reduce((product, size) => product * size, VALUE_BYTES[dtype] ?? 1)
}

/** Returns an error of zarrita in words. */
function unreadable(path: string, error: unknown): Problem {
  if (!(error instanceof Error) || isAboutReading(error)) return toProblem(error)
  if (error.name === 'UnknownCodecError') {
    return new Problem(`${path} cannot be decoded: ${withoutQueries(error.message)}.`, 'This page decodes blosc (lz4, zlib, zstd), gzip, lz4, zlib and zstd.')
  }
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return new Problem(`${path} is damaged or not supported: ${withoutQueries(error.message + cause)}.`, 'Open it as bytes to see what it is.')
}
