// Which parts of a column a view needs.

/** A row group, with rows counted from the beginning of the file. */
export interface RowGroupRows {
  index: number
  start: number
  end: number
}

/** Rows of one column that are read together. They never cross a row group. */
export interface Block {
  group: number
  start: number
  end: number
  /** Whether it is the whole row group, and so the whole column chunk. */
  isWhole: boolean
}

/** The rows of a block in a column chunk that is too large to be read as a whole. */
export const ROWS_PER_BLOCK = 10_000

/** Returns the blocks with the rows from `first` to before `end`. */
export function blocksOf(
  groups: RowGroupRows[],
  first: number,
  end: number,
  isReadAsWhole: (group: number) => boolean,
): Block[] {
  const blocks: Block[] = []
  for (const group of groups) {
    if (group.end <= first || group.start >= end || group.end === group.start) continue
    if (isReadAsWhole(group.index)) {
      blocks.push({ group: group.index, start: group.start, end: group.end, isWhole: true })
      continue
    }
    const skipped = Math.floor((Math.max(first, group.start) - group.start) / ROWS_PER_BLOCK)
    for (let start = group.start + skipped * ROWS_PER_BLOCK; start < Math.min(end, group.end); start += ROWS_PER_BLOCK) {
      blocks.push({ group: group.index, start, end: Math.min(start + ROWS_PER_BLOCK, group.end), isWhole: false })
    }
  }
  return blocks
}

/**
 * Returns the row up to which the values from `first` on fit into a limit of bytes.
 *
 * Row groups are counted as a whole, because most are read as a whole. Of one that is larger than the limit, a part fits.
 */
export function endWithinLimit(groups: RowGroupRows[], first: number, limit: number, bytesOf: (group: number) => number): number {
  let [end, total] = [first, 0]
  for (const group of groups) {
    if (group.end <= first) continue
    const bytes = bytesOf(group.index)
    if (total + bytes > limit) {
      const part = Math.floor(((group.end - group.start) * limit) / bytes)
      return end > first ? end : Math.min(group.end, first + Math.max(1, part))
    }
    total += bytes
    end = group.end
  }
  return end
}
