// A plot of one column over a range of rows. Only this column in the row groups of the range is read.

import { element, labeled, select } from '../dom.js'
import * as format from '../format.js'
import { LARGEST_PLOT } from '../limits.js'
import { endWithinLimit } from '../parquet/blocks.js'
import type { ParquetFile } from '../parquet/file.js'
import { extents, histogram, summarize } from '../parquet/plot.js'
import type { Rows } from '../parquet/plot.js'
import { drawAxes, drawBars, drawLine, prepareCanvas } from './plot-canvas.js'
import { Alerts } from './view.js'

const BINS = 60
const PARALLEL_READS = 5

/** Creates the panel. `choose` selects a column, `show` draws it. */
export function plotPanel(file: ParquetFile, closed: AbortSignal): { root: HTMLElement; show: () => void; choose: (column: string) => void } {
  const columns = file.columns.filter((column) => column.isNumeric).map((column) => column.name)
  if (columns.length === 0) return { root: element('p', { class: 'hint' }, 'No column of this file has numbers.'), show: () => {}, choose: () => {} }

  let column = columns.find((name) => !isTime(name)) ?? columns[0] ?? ''
  let kind = 'line'
  let [first, end] = [0, file.rows]
  let parts: Rows[] = []
  let isChosen = false
  /** Increases with each read, so that an old read does not draw. */
  let reading = 0
  const alerts = new Alerts()
  const canvas = element('canvas', { class: 'plot', role: 'img', 'aria-label': 'Plot', tabindex: 0, onkeydown: byKey })
  const status = element('p', { class: 'hint', 'aria-live': 'polite' })
  const columnSelect = select(columns.map((name) => [name, name]), column, (value) => choose(value))
  const kindSelect = select([['line', 'Line'], ['histogram', 'Histogram']], kind, (value) => {
    kind = value
    draw()
  })
  const from = element('input', { type: 'number', min: 0, max: file.rows, onchange: changeRange })
  const to = element('input', { type: 'number', min: 0, max: file.rows, onchange: changeRange })
  const button = (text: string, label: string, move: () => void) => element('button', { type: 'button', 'aria-label': label, title: label, onclick: move }, text)

  function isTime(name: string): boolean {
    return /^(date|time)/.test(file.columns.find((it) => it.name === name)?.type ?? '')
  }

  function changeRange(): void {
    setRange(Number(from.value), Number(to.value))
  }

  function setRange(newFirst: number, newEnd: number): void {
    const length = Math.min(file.rows, Math.max(2, Math.round(newEnd - newFirst) || 2))
    first = Math.min(Math.max(0, Math.round(newFirst) || 0), Math.max(0, file.rows - length))
    end = Math.min(file.rows, first + length)
    void read()
  }

  const scale = (factor: number) => {
    const half = ((end - first) * factor) / 2
    setRange((first + end) / 2 - half, (first + end) / 2 + half)
  }
  const move = (share: number) => setRange(first + (end - first) * share, end + (end - first) * share)

  function byKey(event: KeyboardEvent): void {
    const action = ({
      ArrowLeft: () => move(-0.25), ArrowRight: () => move(0.25), '+': () => scale(0.5), '=': () => scale(0.5), '-': () => scale(2), '0': () => setRange(0, file.rows),
    } as Record<string, () => void>)[event.key]
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    action()
  }

  async function read(): Promise<void> {
    const mine = (reading += 1)
    alerts.clear()
    const whole = endWithinLimit(file.groups, first, LARGEST_PLOT, (group) => file.declaredBytes(column, group))
    const isCut = whole < end
    end = Math.min(end, Math.max(whole, first + 2))
    from.value = String(first)
    to.value = String(end)
    parts = []
    draw()
    const blocks = file.blocks(column, first, end)
    // A few at a time, so that the line grows, and a large range does not open a hundred requests at once.
    for (let next = 0; next < blocks.length; next += PARALLEL_READS) {
      const batch = blocks.slice(next, next + PARALLEL_READS)
      try {
        const values = await Promise.all(batch.map((block) => file.read(column, block)))
        if (mine !== reading || closed.aborted) return
        parts.push(...batch.map((block, index) => ({ start: block.start, values: values[index] ?? [] })))
      } catch (error) {
        if (mine === reading && !closed.aborted) alerts.show(error)
        return
      }
      const read = Math.min(blocks.length, next + PARALLEL_READS)
      const note = isCut ? `Cut at ${format.size(LARGEST_PLOT)}; move on to see more.` : ''
      draw(read < blocks.length ? `Reading, ${read} of ${blocks.length} …` : note)
    }
  }

  function draw(note = ''): void {
    const context = prepareCanvas(canvas)
    if (!context) return
    const summary = summarize(parts, first, end)
    if (summary.values === 0) {
      status.textContent = note || (parts.length > 0 ? 'There are no values in these rows.' : 'Reading …')
      return
    }
    if (kind === 'line') {
      const area = drawAxes(context, canvas, { xMin: first, xMax: end, yMin: summary.min, yMax: summary.max }, isTime(column))
      drawLine(context, area, extents(parts, first, end, Math.max(1, Math.round(area.width))), summary)
    } else {
      const bins = histogram(parts, first, end, BINS)
      const most = Math.max(...bins.map((bin) => bin.count))
      const area = drawAxes(context, canvas, { xMin: summary.min, xMax: summary.max, yMin: 0, yMax: most }, false)
      drawBars(context, area, bins, most)
    }
    const value = (number: number) => (isTime(column) ? format.value(new Date(number)) : format.number(number))
    const text = `${column}, rows ${format.count(first)} to ${format.count(end - 1)}: least ${value(summary.min)}, greatest ${value(summary.max)}, mean ${value(summary.mean)}. `
    status.textContent = text + note
    canvas.setAttribute('aria-label', `${kind === 'line' ? 'Line plot' : 'Histogram'} of ${text}`)
  }

  function choose(name: string): void {
    isChosen = true
    column = columnSelect.value = name
    void read()
  }

  /** Draws the plot; reads its column if no column was chosen before. */
  function show(): void {
    if (isChosen) draw()
    else choose(column)
  }
  new ResizeObserver(() => draw(status.textContent?.startsWith('Reading') ? status.textContent : '')).observe(canvas)

  const root = element('div', {},
    element('div', { class: 'controls' },
      labeled('Column', columnSelect), labeled('As', kindSelect), labeled('From row', from), labeled('to row', to),
      button('←', 'Earlier rows', () => move(-0.5)), button('→', 'Later rows', () => move(0.5)),
      button('+', 'Fewer rows', () => scale(0.5)), button('−', 'More rows', () => scale(2)), button('All', 'All rows', () => setRange(0, file.rows)),
    ),
    alerts.root, canvas, status,
  )
  return { root, show, choose }
}
