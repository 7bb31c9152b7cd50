// The chunks of an image: which are requested, and how they are drawn.

import type { Position, ZarrImage } from '../zarr/image.js'
import { compose } from '../zarr/pixels.js'
import type { Channel, Plane } from '../zarr/pixels.js'
import { tileRectangle, visibleTiles } from '../zarr/viewport.js'
import type { Tile, Viewport } from '../zarr/viewport.js'

/** How many chunks are requested at a time. */
const PARALLEL_READS = 12
/** A level with at most so many chunks is read first, so that something is visible at once. */
const PREVIEW_TILES = 16
/** How many drawn chunks are kept. */
const KEPT_TILES = 512

/** What a finished read means. */
export interface Outcome {
  error?: unknown
  /** Whether the whole view can be drawn, at first from a small level. */
  hasPicture: boolean
}

interface DrawnTile {
  tile: Tile
  planes: Map<number, Plane>
  picture: OffscreenCanvas | undefined
}

interface Wanted {
  tile: Tile
  channel: number
}

/** The chunks of an image. */
export class Tiles {
  readonly #tiles = new Map<string, DrawnTile>()
  /** What is not requested yet, in the order of its importance. */
  #queue: Wanted[] = []
  #running = new Set<string>()
  /** What has to be there for a first picture of the whole view. */
  #first: Wanted[] = []
  /** Increases when the position changes, so that an old read is dropped. */
  #generation = 0

  constructor(
    private readonly image: ZarrImage,
    private readonly channels: Channel[],
    private readonly position: Position,
    private readonly closed: AbortSignal,
    private readonly changed: (outcome: Outcome) => void,
  ) {}

  /** Requests the visible chunks, and no others. */
  request(viewport: Viewport, level: number): void {
    const { levels } = this.image
    const coarsest = levels.length - 1
    const preview = level === coarsest ? [] : visibleTiles(levels, coarsest, viewport)
    const active = this.channels.flatMap(({ isActive }, channel) => (isActive ? [channel] : []))
    const inChannels = (tiles: Tile[]) => tiles.flatMap((tile) => active.map((channel) => ({ tile, channel })))
    const small = inChannels(preview.length <= PREVIEW_TILES ? preview : [])
    const sharp = inChannels(visibleTiles(levels, level, viewport))
    this.#first = small.length > 0 ? small : sharp
    this.#queue = [...small, ...sharp].filter((wanted) => !this.#isThere(wanted) && !this.#running.has(this.#keyOf(wanted)))
    this.#start()
  }

  #isThere({ tile, channel }: Wanted): boolean {
    return this.#tiles.get(keyOf(tile))?.planes.has(channel) ?? false
  }

  #start(): void {
    while (this.#running.size < PARALLEL_READS && !this.closed.aborted) {
      const wanted = this.#queue.shift()
      if (!wanted) return
      void this.#read(wanted)
    }
  }

  async #read(wanted: Wanted): Promise<void> {
    const [key, generation] = [this.#keyOf(wanted), this.#generation]
    this.#running.add(key)
    let error: unknown
    try {
      const plane = await this.image.plane(wanted.tile, wanted.channel, this.position)
      if (generation === this.#generation) this.#add(wanted, plane)
    } catch (caught) {
      error = caught
      // After a failure, nothing else is requested until the view changes.
      this.#queue = []
    }
    this.#running.delete(key)
    this.#start()
    if (this.closed.aborted) return
    const hasPicture = this.#first.every((first) => this.#isThere(first))
    this.changed(error === undefined ? { hasPicture } : { error, hasPicture })
  }

  #add({ tile, channel }: Wanted, plane: Plane): void {
    const key = keyOf(tile)
    const drawn = this.#tiles.get(key) ?? { tile, planes: new Map<number, Plane>(), picture: undefined }
    drawn.planes.set(channel, plane)
    drawn.picture = undefined
    this.#tiles.set(key, drawn)
    const [oldest] = this.#tiles.keys()
    if (this.#tiles.size > KEPT_TILES && oldest !== undefined) this.#tiles.delete(oldest)
  }

  /** Draws the known chunks of all levels from the coarsest to `level`. Returns how many of this level there are. */
  draw(context: CanvasRenderingContext2D, viewport: Viewport, level: number): { drawn: number; needed: number } {
    const { levels } = this.image
    context.imageSmoothingEnabled = viewport.zoom < 1
    context.clearRect(0, 0, viewport.width, viewport.height)
    let counts = { drawn: 0, needed: 0 }
    for (let index = levels.length - 1; index >= level; index -= 1) {
      const visible = visibleTiles(levels, index, viewport)
      let drawn = 0
      for (const tile of visible) {
        const picture = this.#pictureOf(tile)
        if (!picture) continue
        const { x, y, width, height } = tileRectangle(levels, tile, viewport)
        context.drawImage(picture, x, y, width, height)
        drawn += 1
      }
      counts = { drawn, needed: visible.length }
    }
    return counts
  }

  #pictureOf(tile: Tile): OffscreenCanvas | undefined {
    const drawn = this.#tiles.get(keyOf(tile))
    if (!drawn || drawn.picture) return drawn?.picture
    const planes = [...drawn.planes].flatMap(([index, plane]) => {
      const channel = this.channels[index]
      return channel?.isActive ? [{ plane, channel }] : []
    })
    const [first] = planes
    if (!first) return undefined
    const { width, height } = first.plane
    const picture = new OffscreenCanvas(width, height)
    picture.getContext('2d')?.putImageData(new ImageData(compose(planes, width, height), width, height), 0, 0)
    drawn.picture = picture
    return picture
  }

  /** Returns the known values of a channel. */
  planesOf(channel: number): Plane[] {
    return [...this.#tiles.values()].flatMap(({ planes }) => planes.get(channel) ?? [])
  }

  /** Applies changed colors. The values are kept. */
  recolor(): void {
    for (const drawn of this.#tiles.values()) drawn.picture = undefined
  }

  /** Drops all chunks, because another slice is shown. */
  clear(): void {
    this.#generation += 1
    this.#tiles.clear()
    this.#queue = []
  }

  #keyOf({ tile, channel }: Wanted): string {
    return `${this.#generation}/${keyOf(tile)}/${channel}`
  }
}

function keyOf({ level, row, column }: Tile): string {
  return `${level}/${row}/${column}`
}
