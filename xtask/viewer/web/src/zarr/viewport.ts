// Which part of an image is shown, and which chunks it needs.

/** A part of an image on a screen. Positions are in pixels of the largest level. */
export interface Viewport {
  centerX: number
  centerY: number
  /** Pixels of the screen for each pixel of the largest level. */
  zoom: number
  width: number
  height: number
}

/** The size of a level and of its chunks in pixels. */
export interface LevelSize {
  width: number
  height: number
  chunkWidth: number
  chunkHeight: number
}

/** A chunk of a level, counted from the top left. */
export interface Tile {
  level: number
  row: number
  column: number
}

export const LARGEST_ZOOM = 32

/** Returns the viewport that shows a whole image. */
export function fit(image: LevelSize, width: number, height: number): Viewport {
  const zoom = Math.min(width / image.width, height / image.height)
  return { centerX: image.width / 2, centerY: image.height / 2, zoom, width, height }
}

/** Returns the smallest level whose pixels are not enlarged, or the largest level. Levels are in decreasing sizes. */
export function chooseLevel(levels: LevelSize[], zoom: number): number {
  const [largest] = levels
  if (!largest) return 0
  // A tolerance, because the sizes of levels are rounded.
  const isSharp = (level: LevelSize) => (largest.width / level.width) * zoom <= 1.01
  return Math.max(0, levels.findLastIndex(isSharp))
}

/** Returns the visible chunks of a level, those in the center first. */
export function visibleTiles(levels: LevelSize[], level: number, viewport: Viewport): Tile[] {
  const [largest, size] = [levels[0], levels[level]]
  if (!largest || !size) return []
  const [scaleX, scaleY] = [size.width / largest.width, size.height / largest.height]
  const centerX = viewport.centerX * scaleX
  const centerY = viewport.centerY * scaleY
  const halfWidth = (viewport.width / viewport.zoom / 2) * scaleX
  const halfHeight = (viewport.height / viewport.zoom / 2) * scaleY
  const range = (from: number, to: number, chunk: number, length: number) => {
    const first = Math.max(0, Math.floor(from / chunk))
    const last = Math.min(Math.ceil(length / chunk), Math.ceil(to / chunk))
    return Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index)
  }
  const rows = range(centerY - halfHeight, centerY + halfHeight, size.chunkHeight, size.height)
  const columns = range(centerX - halfWidth, centerX + halfWidth, size.chunkWidth, size.width)
  const distance = ({ row, column }: Tile) =>
    Math.hypot((column + 0.5) * size.chunkWidth - centerX, (row + 0.5) * size.chunkHeight - centerY)
  const tiles = rows.flatMap((row) => columns.map((column) => ({ level, row, column })))
  return tiles.sort((one, other) => distance(one) - distance(other))
}

/** Returns a viewport that is moved by pixels of the screen, with the center inside of the image. */
export function pan(viewport: Viewport, image: LevelSize, x: number, y: number): Viewport {
  const inside = (value: number, length: number) => Math.min(length, Math.max(0, value))
  return {
    ...viewport,
    centerX: inside(viewport.centerX + x / viewport.zoom, image.width),
    centerY: inside(viewport.centerY + y / viewport.zoom, image.height),
  }
}

/** Returns a viewport with another zoom, which keeps the point at a position of the screen where it is. */
export function zoomAt(viewport: Viewport, image: LevelSize, factor: number, x: number, y: number): Viewport {
  const least = Math.min(fit(image, viewport.width, viewport.height).zoom, 1) / 2
  const zoom = Math.min(LARGEST_ZOOM, Math.max(least, viewport.zoom * factor))
  const [fromCenterX, fromCenterY] = [x - viewport.width / 2, y - viewport.height / 2]
  const moved = 1 / viewport.zoom - 1 / zoom
  return pan({ ...viewport, zoom }, image, fromCenterX * moved * zoom, fromCenterY * moved * zoom)
}

/** Returns where a chunk is on the screen. */
export function tileRectangle(levels: LevelSize[], { level, row, column }: Tile, viewport: Viewport): { x: number; y: number; width: number; height: number } {
  const [largest, size] = [levels[0], levels[level]]
  if (!largest || !size) return { x: 0, y: 0, width: 0, height: 0 }
  const [scaleX, scaleY] = [largest.width / size.width, largest.height / size.height]
  const toX = (pixel: number) => (Math.min(pixel, size.width) * scaleX - viewport.centerX) * viewport.zoom + viewport.width / 2
  const toY = (pixel: number) => (Math.min(pixel, size.height) * scaleY - viewport.centerY) * viewport.zoom + viewport.height / 2
  // Whole pixels of the screen, so that neighbors meet without a seam.
  const [left, right] = [Math.round(toX(column * size.chunkWidth)), Math.round(toX((column + 1) * size.chunkWidth))]
  const [top, bottom] = [Math.round(toY(row * size.chunkHeight)), Math.round(toY((row + 1) * size.chunkHeight))]
  return { x: left, y: top, width: right - left, height: bottom - top }
}
