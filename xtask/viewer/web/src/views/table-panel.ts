// The rows of a table. Only the columns and row groups on the screen are read.

import { element, labeled } from '../dom.js'
import * as format from '../format.js'
import type { ParquetFile } from '../parquet/file.js'
import { rowWindow, scrollTopOf } from '../parquet/row-window.js'
import { Alerts } from './view.js'

const ROW_HEIGHT = 28
/** The height of the table: rows and a line with the names of the columns. */
const SHOWN_ROWS = 18
/** How long the table has to stay where it is before its rows are read: scrolling to the end reads only the end. */
const SETTLED_AFTER_MILLISECONDS = 120

/** Creates the panel. `show` draws it, with the columns that are chosen then. */
export function tablePanel(file: ParquetFile, chosen: Set<string>, closed: AbortSignal): { root: HTMLElement; show: () => void } {
  const alerts = new Alerts()
  const head = element('tr')
  const body = element('tbody')
  const table = element('table', { class: 'rows', 'aria-rowcount': file.rows + 1 }, element('thead', {}, head), body)
  const spacer = element('div', { class: 'spacer' }, table)
  const scroller = element('div', { class: 'scroll rows', tabindex: 0, role: 'region', 'aria-label': 'Rows' }, spacer)
  const status = element('p', { class: 'hint', 'aria-live': 'polite' })
  const goTo = element('input', { type: 'number', min: 0, max: Math.max(0, file.rows - 1), value: 0, onchange: () => {
    const row = Math.min(file.rows - 1, Math.max(0, Math.floor(Number(goTo.value) || 0)))
    scroller.scrollTop = scrollTopOf(row, file.rows, ROW_HEIGHT, SHOWN_ROWS * ROW_HEIGHT)
  } })
  const numeric = new Set(file.columns.filter((column) => column.isNumeric).map((column) => column.name))
  let timer: ReturnType<typeof setTimeout> | undefined
  /** The values of the blocks on the screen, by column and first row. */
  const values = new Map<string, ArrayLike<unknown>>()
  /** Increases with each drawing, so that an old read does not draw. */
  let drawing = 0

  function current() {
    return rowWindow(file.rows, ROW_HEIGHT, SHOWN_ROWS * ROW_HEIGHT, scroller.scrollTop)
  }

  function columns(): string[] {
    return file.columns.map((column) => column.name).filter((name) => chosen.has(name))
  }

  function draw(): void {
    const { first, count } = current()
    const names = columns()
    const className = (name: string) => (numeric.has(name) ? 'number' : null)
    head.replaceChildren(element('th', { scope: 'col', class: 'number' }, 'Row'), ...names.map((name) => element('th', { scope: 'col', class: className(name) }, name)))
    const cell = (name: string, row: number) => {
      const block = file.blocks(name, row, row + 1)[0]
      const found = block && values.get(`${block.start} ${name}`)
      const text = found && block ? format.value(found[row - block.start]) : '…'
      return element('td', { class: className(name), title: text.length > 40 ? text : null }, text.slice(0, 200))
    }
    body.replaceChildren(...Array.from({ length: count }, (_, index) => {
      const row = first + index
      return element('tr', { 'aria-rowindex': row + 2 }, element('th', { scope: 'row', class: 'number' }, format.count(row)), ...names.map((name) => cell(name, row)))
    }))
    const last = Math.max(first, first + count - 1)
    status.textContent = names.length === 0
      ? 'No column is chosen. Choose columns in the tab Columns.'
      : `Rows ${format.count(first)} to ${format.count(last)} of ${format.count(file.rows)}`
  }

  async function read(): Promise<void> {
    const mine = (drawing += 1)
    const { first, count } = current()
    alerts.clear()
    const wanted = columns().flatMap((name) => file.blocks(name, first, first + count).map((block) => ({ name, block })))
    const keys = new Set(wanted.map(({ name, block }) => `${block.start} ${name}`))
    for (const key of values.keys()) if (!keys.has(key)) values.delete(key)
    await Promise.all(wanted.map(async ({ name, block }) => {
      try {
        values.set(`${block.start} ${name}`, await file.read(name, block))
        if (mine === drawing) draw()
      } catch (error) {
        if (mine === drawing && !closed.aborted) alerts.show(error)
      }
    }))
  }

  function settle(): void {
    draw()
    clearTimeout(timer)
    timer = setTimeout(() => void read(), SETTLED_AFTER_MILLISECONDS)
  }
  scroller.addEventListener('scroll', settle, { passive: true })

  function show(): void {
    // The height of the line with the names is added, so that the last row can be scrolled to.
    spacer.style.height = `${current().height + ROW_HEIGHT}px`
    scroller.style.height = `${(Math.min(SHOWN_ROWS, Math.max(1, file.rows)) + 1) * ROW_HEIGHT + 16}px`
    draw()
    void read()
  }
  const root = element('div', {}, element('div', { class: 'controls' }, labeled('Go to row', goTo), status), alerts.root, scroller)
  return { root, show }
}
