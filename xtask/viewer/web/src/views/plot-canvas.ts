// Draws plots in the colors of the page.

import * as format from '../format.js'
import { ticks } from '../parquet/plot.js'
import type { Bin, Extent } from '../parquet/plot.js'

/** The ranges of the axes. */
export interface Ranges {
  xMin: number
  xMax: number
  yMin: number
  yMax: number
}

/** Where values are drawn, in pixels. */
export interface Area {
  x: number
  y: number
  width: number
  height: number
}

const FONT = '12px system-ui, sans-serif'

/** Clears a canvas, and makes it as sharp as the screen. Returns `undefined` while it is not visible. */
export function prepareCanvas(canvas: HTMLCanvasElement): CanvasRenderingContext2D | undefined {
  const { clientWidth, clientHeight } = canvas
  const context = canvas.getContext('2d')
  if (!context || clientWidth === 0) return undefined
  canvas.width = clientWidth * devicePixelRatio
  canvas.height = clientHeight * devicePixelRatio
  context.scale(devicePixelRatio, devicePixelRatio)
  return context
}

/** Draws the axes, and returns the area between them. */
export function drawAxes(context: CanvasRenderingContext2D, canvas: HTMLCanvasElement, ranges: Ranges, isTime: boolean): Area {
  const { clientWidth: width, clientHeight: height } = canvas
  const text = (value: number) => (isTime ? new Date(value).toISOString().slice(0, 19).replace('T', ' ') : compact(value))
  const yTicks = ticks(ranges.yMin, ranges.yMax, Math.max(2, Math.floor(height / 60)))
  context.font = FONT
  const labelWidth = Math.max(...yTicks.map((tick) => context.measureText(text(tick)).width))
  const area = { x: labelWidth + 14, y: 10, width: Math.max(10, width - labelWidth - 44), height: Math.max(10, height - 40) }
  const style = getComputedStyle(canvas)
  context.fillStyle = style.color
  context.strokeStyle = style.borderTopColor
  context.lineWidth = 1
  context.textBaseline = 'middle'
  context.textAlign = 'right'
  for (const tick of yTicks) {
    const y = Math.round(yOf(tick, area, ranges)) + 0.5
    line(context, area.x, y, area.x + area.width, y)
    context.fillText(text(tick), area.x - 6, y)
  }
  context.textBaseline = 'top'
  context.textAlign = 'center'
  for (const tick of ticks(ranges.xMin, ranges.xMax, Math.max(2, Math.floor(width / 110)))) {
    const x = Math.round(area.x + ((tick - ranges.xMin) / (ranges.xMax - ranges.xMin || 1)) * area.width) + 0.5
    line(context, x, area.y, x, area.y + area.height)
    context.fillText(compact(tick), x, area.y + area.height + 8)
  }
  context.strokeStyle = context.fillStyle = style.caretColor
  return area
}

/** Draws the extent of the values in each pixel. */
export function drawLine(context: CanvasRenderingContext2D, area: Area, values: Extent[], { min, max }: { min: number; max: number }): void {
  const ranges = { yMin: min, yMax: max }
  context.beginPath()
  let isDrawing = false
  values.forEach((extent, index) => {
    if (Number.isNaN(extent.min)) {
      isDrawing = false
      return
    }
    const x = area.x + index + 0.5
    const [top, bottom] = [yOf(extent.max, area, ranges), yOf(extent.min, area, ranges)]
    if (isDrawing) context.lineTo(x, top)
    else context.moveTo(x, top)
    // At least a pixel, so that a single value is visible.
    context.lineTo(x, Math.max(bottom, top + 0.5))
    isDrawing = true
  })
  context.lineWidth = 1.25
  context.lineJoin = 'round'
  context.stroke()
}

/** Draws a histogram. */
export function drawBars(context: CanvasRenderingContext2D, area: Area, bins: Bin[], most: number): void {
  const width = area.width / bins.length
  bins.forEach((bin, index) => {
    const height = (bin.count / most) * area.height
    context.fillRect(area.x + index * width, area.y + area.height - height, Math.max(1, width - 1), height)
  })
}

function yOf(value: number, area: Area, { yMin, yMax }: { yMin: number; yMax: number }): number {
  return area.y + area.height - ((value - yMin) / (yMax - yMin || 1)) * area.height
}

function line(context: CanvasRenderingContext2D, fromX: number, fromY: number, toX: number, toY: number): void {
  context.beginPath()
  context.moveTo(fromX, fromY)
  context.lineTo(toX, toY)
  context.stroke()
}

function compact(value: number): string {
  const size = Math.abs(value)
  return size >= 1e7 || (size > 0 && size < 1e-4) ? value.toExponential(1) : format.number(value)
}
