// A Parquet file: its columns, its rows, and plots.

import { tabList } from '../dom.js'
import * as format from '../format.js'
import { ParquetFile } from '../parquet/file.js'
import { columnsPanel } from './columns-panel.js'
import { plotPanel } from './plot-panel.js'
import { tablePanel } from './table-panel.js'
import { facts } from './view.js'
import type { View } from './view.js'

/** How many columns the table has at first. */
const FIRST_COLUMNS = 6

export const showParquet: View = async (parent, { source, path, closed, shown }) => {
  const file = await ParquetFile.open(source, path)
  if (closed.aborted) return
  const chosen = new Set(file.columns.slice(0, FIRST_COLUMNS).map((column) => column.name))
  const table = tablePanel(file, chosen, closed)
  const plot = plotPanel(file, closed)
  const columns = columnsPanel(file, chosen, (column) => {
    plot.choose(column)
    tabs.choose(2)
  })
  const tabs = tabList('Views of the table', [
    ['Columns', columns, () => {}],
    ['Rows', table.root, table.show],
    ['Plot', plot.root, plot.show],
  ])
  parent.append(
    facts([
      ['Size', format.size(file.bytes)],
      ['Rows', format.count(file.rows)],
      ['Row groups', format.count(file.groups.length)],
      ['Columns', format.count(file.columns.length)],
      ['Written by', file.metadata.created_by],
    ]),
    tabs.root,
  )
  tabs.choose(0)
  shown()
}
