// Which rows a scrolled table shows.

/** The height of a scrolled area above which browsers lose precision, or cut it off. */
const LARGEST_HEIGHT = 8_000_000

/** How a table of any number of rows fits into a scrolled area. */
export interface RowWindow {
  /** The height of the scrolled area in pixels. */
  height: number
  first: number
  count: number
}

/** Returns the rows at a scroll position. If the rows need too much height, a pixel stands for several rows. */
export function rowWindow(rows: number, rowHeight: number, viewHeight: number, scrollTop: number): RowWindow {
  const height = Math.min(rows * rowHeight, LARGEST_HEIGHT)
  const count = Math.min(rows, Math.max(1, Math.floor(viewHeight / rowHeight)))
  const range = Math.max(1, height - viewHeight)
  const position = Math.min(1, Math.max(0, scrollTop / range))
  const isExact = rows * rowHeight <= LARGEST_HEIGHT
  const first = isExact ? Math.round(scrollTop / rowHeight) : Math.round(position * (rows - count))
  return { height, count, first: Math.min(Math.max(0, first), rows - count) }
}

/** Returns the scroll position that shows a row first. */
export function scrollTopOf(row: number, rows: number, rowHeight: number, viewHeight: number): number {
  if (rows * rowHeight <= LARGEST_HEIGHT) return row * rowHeight
  const count = Math.max(1, Math.floor(viewHeight / rowHeight))
  return (row / Math.max(1, rows - count)) * (LARGEST_HEIGHT - viewHeight)
}
