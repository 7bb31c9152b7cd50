import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ROWS_PER_BLOCK, blocksOf, endWithinLimit } from '../src/parquet/blocks.js'
import { columnsOf, declaredBytes, statisticsOf } from '../src/parquet/columns.js'
import { extents, histogram, summarize, ticks } from '../src/parquet/plot.js'
import { rowWindow, scrollTopOf } from '../src/parquet/row-window.js'

const groups = [
  { index: 0, start: 0, end: 1000 },
  { index: 1, start: 1000, end: 1000 },
  { index: 2, start: 1000, end: 1000 + 3 * ROWS_PER_BLOCK },
]

test('small column chunks are read as a whole, and only those with visible rows', () => {
  assert.deepEqual(blocksOf(groups, 10, 20, () => true), [{ group: 0, start: 0, end: 1000, isWhole: true }])
  assert.deepEqual(blocksOf(groups, 999, 1001, () => true).map((block) => block.group), [0, 2])
  assert.deepEqual(blocksOf(groups, 50_000, 60_000, () => true), [])
})

test('large column chunks are read in blocks with visible rows', () => {
  const blocks = blocksOf(groups, 1000 + ROWS_PER_BLOCK - 1, 1000 + ROWS_PER_BLOCK + 1, (group) => group !== 2)
  assert.deepEqual(blocks.map(({ start, isWhole }) => [start, isWhole]), [[1000, false], [1000 + ROWS_PER_BLOCK, false]])
})

test('plot ends where its limit is reached', () => {
  const bytes = (group: number) => [100, 0, 900][group] ?? 0
  const end = groups.at(-1)?.end
  assert.equal(endWithinLimit(groups, 0, 1000, bytes), end)
  assert.equal(endWithinLimit(groups, 0, 999, bytes), 1000)
  assert.equal(endWithinLimit(groups, 1000, 300, bytes), 1000 + ROWS_PER_BLOCK, 'a third of a row group that is too large')
})

const metadata = {
  version: 2,
  schema: [],
  num_rows: 2n,
  metadata_length: 0,
  row_groups: [1, 2].map((value) => ({
    num_rows: 1n,
    total_byte_size: 8n,
    columns: [
      {
        file_offset: 0n,
        meta_data: {
          type: 'DOUBLE' as const, encodings: [], path_in_schema: ['a'], codec: 'SNAPPY' as const, num_values: 1n,
          total_uncompressed_size: 2n ** 31n, total_compressed_size: 10n, data_page_offset: 4n,
          statistics: { min_value: value, max_value: value * 10, null_count: 1n },
        },
      },
    ],
  })),
}

test('statistics cover all row groups', () => {
  assert.deepEqual(statisticsOf(metadata, 'a'), { min: 1, max: 20, nulls: 2, compressed: 20, uncompressed: 2 ** 32, codecs: ['SNAPPY'] })
  assert.deepEqual(declaredBytes(metadata, 1, 'a'), { compressed: 10, uncompressed: 2 ** 31 })
  const [first, second] = metadata.row_groups
  const { statistics: _, ...withoutStatistics } = second!.columns[0]!.meta_data
  const partly = { ...metadata, row_groups: [first!, { ...second!, columns: [{ file_offset: 0n, meta_data: withoutStatistics }] }] }
  const found = statisticsOf(partly, 'a')
  assert.deepEqual([found.min, found.max, found.nulls], [undefined, undefined, undefined])
})

test('only columns with numbers can be plotted', () => {
  const leaf = (element: object) => ({ children: [], count: 1, element: { name: 'a', ...element }, path: ['a'] })
  const column = (element: object) => columnsOf({ children: [leaf(element)], count: 1, element: { name: 'root' }, path: [] } as never)[0]
  assert.equal(column({ type: 'INT64', logical_type: { type: 'TIMESTAMP', unit: 'MICROS', isAdjustedToUTC: true } })?.type, 'timestamp (µs, UTC)')
  assert.equal(column({ type: 'DOUBLE' })?.isNumeric, true)
  assert.equal(column({ type: 'BYTE_ARRAY', converted_type: 'UTF8' })?.isNumeric, false)
  assert.equal(column({ type: 'BYTE_ARRAY', converted_type: 'DECIMAL' })?.isNumeric, true)
  assert.equal(column({ type: 'DOUBLE', repetition_type: 'REPEATED' })?.isNumeric, false)
})

test('window shows each row of a small table', () => {
  assert.deepEqual(rowWindow(100, 20, 200, 0), { height: 2000, first: 0, count: 10 })
  assert.equal(rowWindow(100, 20, 200, 1800).first, 90)
  assert.equal(rowWindow(100, 20, 200, 5000).first, 90)
  assert.deepEqual(rowWindow(0, 20, 200, 0), { height: 0, first: 0, count: 0 })
  assert.equal(rowWindow(3, 20, 200, 0).count, 3)
})

test('window reaches the first and the last row of a huge table', () => {
  const rows = 10 ** 12
  const { height } = rowWindow(rows, 20, 200, 0)
  assert.ok(height < 16_000_000)
  assert.equal(rowWindow(rows, 20, 200, height - 200).first, rows - 10)
  for (const row of [0, 123_456_789, rows - 10]) {
    const found = rowWindow(rows, 20, 200, scrollTopOf(row, rows, 20, 200)).first
    assert.ok(Math.abs(found - row) <= 1000, `${found} for ${row}`)
  }
})

test('plot keeps the extremes of each pixel', () => {
  const parts = [{ start: 0, values: [1, 5, null, 2n] }, { start: 4, values: [9, Number.NaN, -1, 3] }]
  assert.deepEqual(extents(parts, 0, 8, 2), [{ min: 1, max: 5 }, { min: -1, max: 9 }])
  assert.deepEqual(summarize(parts, 1, 5), { min: 2, max: 9, mean: 16 / 3, values: 3 })
  assert.ok(Number.isNaN(extents([], 0, 8, 2)[0]?.min))
})

test('histogram counts each finite value once', () => {
  const parts = [{ start: 0, values: [0, 1, 2, 3, 4, Number.POSITIVE_INFINITY, null] }]
  assert.deepEqual(histogram(parts, 0, 7, 2).map((bin) => bin.count), [2, 3])
  assert.deepEqual(histogram([{ start: 0, values: [7, 7] }], 0, 2, 10), [{ from: 7, to: 7, count: 2 }])
  assert.deepEqual(histogram([], 0, 2, 10), [])
})

test('ticks are round', () => {
  assert.deepEqual(ticks(0, 10, 5), [0, 2, 4, 6, 8, 10])
  assert.deepEqual(ticks(-0.3, 0.31, 3).map((tick) => tick.toFixed(1)), ['0.0'])
  assert.deepEqual(ticks(5, 5, 3), [5])
  assert.deepEqual(ticks(0, Number.POSITIVE_INFINITY, 3), [0])
})
