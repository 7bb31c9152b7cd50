// The columns of a table, with statistics from its footer: nothing else is read for them.

import { element } from '../dom.js'
import * as format from '../format.js'
import { statisticsOf } from '../parquet/columns.js'
import type { Column } from '../parquet/columns.js'
import type { ParquetFile } from '../parquet/file.js'

/** Creates the panel. It changes which columns are chosen for the table. */
export function columnsPanel(file: ParquetFile, chosen: Set<string>, plot: (column: string) => void): HTMLElement {
  const heads = ['Show', 'Plot', 'Column', 'Type', 'Least', 'Greatest', 'Empty', 'Stored', 'Codec']
  const numbers = ['Least', 'Greatest', 'Empty', 'Stored']
  const row = ({ name, type, isNumeric }: Column) => {
    const { min, max, nulls, compressed, codecs } = statisticsOf(file.metadata, name)
    const toggle = element('input', {
      type: 'checkbox',
      checked: chosen.has(name),
      'aria-label': `Show ${name} in the rows`,
      onchange: () => void (toggle.checked ? chosen.add(name) : chosen.delete(name)),
    })
    const button = isNumeric && element('button', { type: 'button', 'aria-label': `Plot ${name}`, onclick: () => plot(name) }, 'Plot')
    const known = (value: unknown) => (value === undefined ? '–' : format.value(value))
    return element('tr', {},
      element('td', {}, toggle),
      element('td', {}, button),
      element('th', { scope: 'row' }, name),
      element('td', {}, type),
      element('td', { class: 'number' }, known(min)),
      element('td', { class: 'number' }, known(max)),
      element('td', { class: 'number' }, nulls === undefined ? '–' : format.count(nulls)),
      element('td', { class: 'number' }, format.size(compressed)),
      element('td', {}, codecs.join(', ').toLowerCase()),
    )
  }
  return element('div', {},
    element('p', { class: 'hint' }, 'From the footer of the file. No column has been read for this.'),
    element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Columns' },
      element('table', {},
        element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col', class: numbers.includes(head) ? 'number' : null }, head)))),
        element('tbody', {}, ...file.columns.map(row)),
      ),
    ),
  )
}
