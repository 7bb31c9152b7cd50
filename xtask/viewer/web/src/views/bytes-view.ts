// Any object as bytes.

import { BYTES_PER_ROW, hexRows, parseOffset } from '../bytes.js'
import { element, labeled } from '../dom.js'
import * as format from '../format.js'
import { Problem } from '../problem.js'
import { Alerts, facts } from './view.js'
import type { View } from './view.js'

const BYTES_PER_PAGE = 32 * BYTES_PER_ROW

export const showBytes: View = async (parent, { source, path, closed, shown }) => {
  const size = await source.size(path, closed)
  const alerts = new Alerts()
  const dump = element('pre', { class: 'dump', tabindex: 0, 'aria-label': 'Bytes' })
  const input = element('input', { type: 'text', inputmode: 'numeric', value: '0', size: 12, onchange: () => goTo(input.value) })
  const back = element('button', { type: 'button', onclick: () => void show(offset - BYTES_PER_PAGE) }, 'Previous')
  const forth = element('button', { type: 'button', onclick: () => void show(offset + BYTES_PER_PAGE) }, 'Next')
  const end = element('button', { type: 'button', onclick: () => goTo(String(size)) }, 'End')
  let offset = 0

  function goTo(typed: string): void {
    const parsed = parseOffset(typed, size)
    if (parsed === undefined) alerts.show(new Problem(`${typed} is not an offset.`, 'Type a number of bytes, such as 4096 or 0x1000.'))
    else void show(parsed)
  }

  async function show(wanted: number): Promise<void> {
    offset = Math.max(0, wanted)
    try {
      const bytes = await source.range(path, offset, Math.min(size, offset + BYTES_PER_PAGE), closed)
      dump.textContent = hexRows(bytes, offset).map((row) => `${row.offset}  ${row.hex.padEnd(BYTES_PER_ROW * 3)} ${row.text}`).join('\n')
      input.value = String(offset)
      back.disabled = offset === 0
      forth.disabled = end.disabled = offset + BYTES_PER_PAGE >= size
      alerts.clear()
    } catch (error) {
      if (!closed.aborted) alerts.show(error)
    }
  }

  parent.append(
    facts([['Size', `${format.size(size)} (${format.count(size)} bytes)`]]),
    element('div', { class: 'controls' }, labeled('Offset', input), back, forth, end),
    alerts.root,
    dump,
  )
  await show(0)
  shown()
}
