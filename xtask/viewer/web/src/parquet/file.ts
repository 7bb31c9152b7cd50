// A Parquet file that is read by range: its footer, and the blocks of columns that a view needs.

import { parquetMetadataAsync, parquetSchema } from 'hyparquet/src/metadata.js'
import { assembleAsync, readRowGroup } from 'hyparquet/src/rowgroup.js'
import type { AsyncBuffer, Compressors, DecodedArray, FileMetaData, GroupPlan, SchemaTree } from 'hyparquet/src/types.js'
import { flatten } from 'hyparquet/src/utils.js'
import type { AssetSource } from '../asset-source.js'
import { LARGEST_WHOLE_COLUMN_CHUNK } from '../limits.js'
import * as format from '../format.js'
import { loadDecoders } from '../load-decoders.js'
import { Problem, isAboutReading, toProblem, withoutQueries } from '../problem.js'
import { blocksOf } from './blocks.js'
import type { Block, RowGroupRows } from './blocks.js'
import { chunksOf, columnsOf, declaredBytes } from './columns.js'
import type { Column } from './columns.js'

/** The footer of most files fits; the default of hyparquet, 512 KiB, is more than a column of many files. */
const FOOTER_BYTES = 16_384

/** How many decoded values are kept. */
const KEPT_VALUES = 8_000_000

/** An open Parquet file. */
export class ParquetFile {
  readonly columns: Column[]
  readonly groups: RowGroupRows[]
  readonly rows: number
  readonly #buffer: AsyncBuffer
  readonly #schema: SchemaTree
  /** Decoded blocks in the order of their last use. */
  readonly #blocks = new Map<string, { rows: number; values: Promise<DecodedArray> }>()

  private constructor(
    readonly path: string,
    readonly metadata: FileMetaData,
    buffer: AsyncBuffer,
  ) {
    this.#buffer = buffer
    this.#schema = parquetSchema(metadata)
    this.columns = columnsOf(this.#schema)
    let start = 0
    this.groups = metadata.row_groups.map((group, index) => {
      const rows = { index, start, end: start + Number(group.num_rows) }
      start = rows.end
      return rows
    })
    this.rows = start
  }

  /** Reads the footer. */
  static async open(source: AssetSource, path: string): Promise<ParquetFile> {
    const byteLength = await source.size(path)
    const buffer: AsyncBuffer = {
      byteLength,
      slice: async (start, end = byteLength) => (await source.range(path, start, end)).buffer,
    }
    try {
      const metadata = await parquetMetadataAsync(buffer, { initialFetchSize: FOOTER_BYTES })
      return new ParquetFile(path, metadata, buffer)
    } catch (error) {
      throw unreadable(path, error)
    }
  }

  get bytes(): number {
    return this.#buffer.byteLength
  }

  /** Returns the bytes of a column in a row group. */
  declaredBytes(column: string, group: number): number {
    return declaredBytes(this.metadata, group, column).compressed
  }

  /** Returns the blocks of a column with the rows from `first` to before `end`. */
  blocks(column: string, first: number, end: number): Block[] {
    return blocksOf(this.groups, first, end, (group) => {
      const { compressed, uncompressed } = declaredBytes(this.metadata, group, column)
      return Math.max(compressed, uncompressed) <= LARGEST_WHOLE_COLUMN_CHUNK
    })
  }

  /** Returns the values of a block, which are requested once. */
  read(column: string, block: Block): Promise<DecodedArray> {
    const key = `${block.start} ${column}`
    const kept = this.#blocks.get(key)
    this.#blocks.delete(key)
    const values = kept?.values ?? this.#read(column, block)
    this.#blocks.set(key, { rows: block.end - block.start, values })
    // A failed read is tried again by the next view of its rows.
    values.catch(() => this.#blocks.delete(key))
    this.#evict()
    return values
  }

  async #read(column: string, block: Block): Promise<DecodedArray> {
    if (!block.isWhole) this.#checkPages(column, block.group)
    try {
      const compressors = await this.#compressors(block.group, column)
      const options = { file: this.#buffer, metadata: this.metadata, compressors }
      const plan = this.#plan(column, block)
      const group = readRowGroup(options, { metadata: this.metadata, rowStart: block.start, rowEnd: block.end, fetches: [], groups: [plan] }, plan)
      const [assembled] = assembleAsync(group, this.#schema).asyncColumns
      if (!assembled) throw new Problem(`${this.path} has no column ${column}.`)
      const { data, skipped } = await assembled.data
      return flatten(data).slice(plan.selectStart - skipped, plan.selectEnd - skipped)
    } catch (error) {
      throw unreadable(this.path, error)
    }
  }

  /**
   * Returns what hyparquet has to read for a block.
   *
   * Its own planner is for filters and many columns, and a fifth of the library.
   */
  #plan(column: string, { group: index, start, end, isWhole }: Block): GroupPlan {
    const [rowGroup, rows] = [this.metadata.row_groups[index], this.groups[index]]
    if (!rowGroup || !rows) throw new Problem(`${this.path} has no row group ${index}.`)
    const chunks = rowGroup.columns.flatMap(({ meta_data: columnMetadata, offset_index_offset: indexOffset, offset_index_length: indexLength }) => {
      if (columnMetadata?.path_in_schema[0] !== column) return []
      const startByte = Number(columnMetadata.dictionary_page_offset || columnMetadata.data_page_offset)
      const range = { startByte, endByte: startByte + Number(columnMetadata.total_compressed_size) }
      if (isWhole || !indexOffset || !indexLength) return [{ columnMetadata, range }]
      const offsetIndex = { startByte: Number(indexOffset), endByte: Number(indexOffset) + indexLength }
      return [{ columnMetadata, range, offsetIndex }]
    })
    return { chunks, rowGroup, groupStart: rows.start, groupRows: rows.end - rows.start, selectStart: start - rows.start, selectEnd: end - rows.start }
  }

  /** Checks that the pages of a large column chunk can be read one by one. */
  #checkPages(column: string, group: number): void {
    const chunks = this.metadata.row_groups[group]?.columns ?? []
    const own = chunks.filter((chunk) => chunk.meta_data?.path_in_schema[0] === column)
    if (own.every((chunk) => chunk.offset_index_offset && chunk.offset_index_length)) return
    const { compressed, uncompressed } = declaredBytes(this.metadata, group, column)
    throw new Problem(
      `Row group ${group} declares ${format.size(Math.max(compressed, uncompressed))} for the column ${column}, and has no index of its pages.`,
      `This page reads column chunks of at most ${format.size(LARGEST_WHOLE_COLUMN_CHUNK)} as a whole. Write the file with smaller row groups or with a page index, or choose other columns.`,
    )
  }

  async #compressors(group: number, column: string): Promise<Compressors> {
    const isBuiltIn = chunksOf(this.metadata, group, column).every(({ codec }) => codec === 'UNCOMPRESSED' || codec === 'SNAPPY')
    return isBuiltIn ? {} : (await loadDecoders()).compressors
  }

  #evict(): void {
    let kept = 0
    for (const { rows } of this.#blocks.values()) kept += rows
    for (const [key, { rows }] of this.#blocks) {
      if (kept <= KEPT_VALUES || this.#blocks.size === 1) return
      this.#blocks.delete(key)
      kept -= rows
    }
  }
}

/** Returns an error of hyparquet in words. */
function unreadable(path: string, error: unknown): Problem {
  if (!(error instanceof Error) || isAboutReading(error)) return toProblem(error)
  if (error.message.includes('footer != PAR1') || error instanceof RangeError) {
    return new Problem(`${path} is not a Parquet file, although its name says so: it does not end with a footer.`, 'Open it as bytes to see what it is.')
  }
  return new Problem(
    `${path} cannot be read as Parquet: ${withoutQueries(error.message)}.`,
    'It is damaged, or uses a feature that this page does not support. Open it as bytes, or in another program.',
  )
}
