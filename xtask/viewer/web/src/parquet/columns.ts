// The columns of a Parquet file, from its footer.

import type { ColumnMetaData, FileMetaData, MinMaxType, SchemaElement, SchemaTree } from 'hyparquet/src/types.js'

/** A column of the table, which may have several column chunks in each row group if it is nested. */
export interface Column {
  name: string
  type: string
  /** Whether its values can be plotted. */
  isNumeric: boolean
}

/** What the footer says about a column. */
export interface ColumnStatistics {
  /** Absent if a row group has no statistics. */
  min: MinMaxType | undefined
  max: MinMaxType | undefined
  /** Absent if a row group does not count them. */
  nulls: number | undefined
  compressed: number
  uncompressed: number
  codecs: string[]
}

/** Returns the columns. */
export function columnsOf(schema: SchemaTree): Column[] {
  return schema.children.map(({ element, children }) => ({
    name: element.name,
    type: children.length > 0 ? nestedType(element) : typeOf(element),
    isNumeric: children.length === 0 && element.repetition_type !== 'REPEATED' && isNumeric(element),
  }))
}

function nestedType(element: SchemaElement): string {
  return (element.logical_type?.type ?? element.converted_type ?? 'group').toLowerCase()
}

function typeOf(element: SchemaElement): string {
  const logical = element.logical_type
  if (logical?.type === 'TIMESTAMP' || logical?.type === 'TIME') {
    const unit = { MILLIS: 'ms', MICROS: 'µs', NANOS: 'ns' }[logical.unit]
    return `${logical.type.toLowerCase()} (${unit}${logical.isAdjustedToUTC ? ', UTC' : ''})`
  }
  return (logical?.type ?? element.converted_type ?? element.type ?? 'unknown').toLowerCase().replaceAll('_', ' ')
}

function isNumeric({ type, converted_type, logical_type }: SchemaElement): boolean {
  if (type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY') {
    return converted_type === 'DECIMAL' || logical_type?.type === 'DECIMAL' || logical_type?.type === 'FLOAT16'
  }
  return type !== undefined
}

/** Returns the metadata of the column chunks of a column in a row group. */
export function chunksOf(metadata: FileMetaData, group: number, column: string): ColumnMetaData[] {
  const chunks = metadata.row_groups[group]?.columns ?? []
  return chunks.flatMap(({ meta_data }) => (meta_data?.path_in_schema[0] === column ? [meta_data] : []))
}

/** Returns the bytes of a column in a row group, as the footer declares them. */
export function declaredBytes(metadata: FileMetaData, group: number, column: string): { compressed: number; uncompressed: number } {
  const chunks = chunksOf(metadata, group, column)
  const total = (size: (chunk: ColumnMetaData) => bigint) => chunks.reduce((sum, chunk) => sum + Number(size(chunk)), 0)
  return {
    compressed: total((chunk) => chunk.total_compressed_size),
    uncompressed: total((chunk) => chunk.total_uncompressed_size),
  }
}

/** Returns what the footer says about a column. */
export function statisticsOf(metadata: FileMetaData, column: string): ColumnStatistics {
  const chunks = metadata.row_groups.flatMap((_, group) => chunksOf(metadata, group, column))
  const isNested = chunks.length > metadata.row_groups.length
  const statistics = isNested ? [] : chunks.map((chunk) => chunk.statistics)
  const all = <T>(values: (T | undefined)[]) =>
    values.length > 0 && values.every((value) => value !== undefined) ? (values as T[]) : undefined
  const minima = all(statistics.map((it) => it?.min_value ?? it?.min))
  const maxima = all(statistics.map((it) => it?.max_value ?? it?.max))
  const nulls = all(statistics.map((it) => it?.null_count))
  return {
    min: minima?.reduce((least, value) => (value < least ? value : least)),
    max: maxima?.reduce((most, value) => (value > most ? value : most)),
    nulls: nulls?.reduce((sum, value) => sum + Number(value), 0),
    compressed: chunks.reduce((sum, chunk) => sum + Number(chunk.total_compressed_size), 0),
    uncompressed: chunks.reduce((sum, chunk) => sum + Number(chunk.total_uncompressed_size), 0),
    codecs: [...new Set(chunks.map((chunk) => chunk.codec))],
  }
}
