// What a plot draws.

/** Values of consecutive rows. */
export interface Rows {
  start: number
  values: ArrayLike<unknown>
}

/** The least and the greatest value in the rows of one pixel; not a number where there is no value. */
export interface Extent {
  min: number
  max: number
}

/** A range of values with the number of values in it. */
export interface Bin {
  from: number
  to: number
  count: number
}

/** Returns a value as a number, or NaN if it is none. */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value)
  return value instanceof Date ? value.getTime() : Number.NaN
}

/** Returns the extent of the values in each of `width` equal parts of the rows from `first` to before `end`. */
export function extents(parts: Rows[], first: number, end: number, width: number): Extent[] {
  const result: Extent[] = Array.from({ length: width }, () => ({ min: Number.NaN, max: Number.NaN }))
  const scale = width / Math.max(1, end - first)
  eachNumber(parts, first, end, (value, row) => {
    const extent = result[Math.min(width - 1, Math.floor((row - first) * scale))]
    if (!extent) return
    if (!(extent.min <= value)) extent.min = value
    if (!(extent.max >= value)) extent.max = value
  })
  return result
}

/** Returns a histogram of the finite values. */
export function histogram(parts: Rows[], first: number, end: number, count: number): Bin[] {
  const { min, max, values } = summarize(parts, first, end)
  if (values === 0) return []
  const width = (max - min) / count
  if (width === 0) return [{ from: min, to: max, count: values }]
  const bins = Array.from({ length: count }, (_, index) => ({ from: min + index * width, to: min + (index + 1) * width, count: 0 }))
  eachNumber(parts, first, end, (value) => {
    const bin = bins[Math.min(count - 1, Math.floor((value - min) / width))]
    if (bin) bin.count += 1
  })
  return bins
}

/** Returns what the finite values amount to. */
export function summarize(parts: Rows[], first: number, end: number): { min: number; max: number; mean: number; values: number } {
  let [min, max, sum, values] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0]
  eachNumber(parts, first, end, (value) => {
    min = Math.min(min, value)
    max = Math.max(max, value)
    sum += value
    values += 1
  })
  return { min, max, mean: sum / values, values }
}

function eachNumber(parts: Rows[], first: number, end: number, use: (value: number, row: number) => void): void {
  for (const { start, values } of parts) {
    const last = Math.min(values.length, end - start)
    for (let index = Math.max(0, first - start); index < last; index += 1) {
      const value = toNumber(values[index])
      if (Number.isFinite(value)) use(value, start + index)
    }
  }
}

/** Returns about `count` round values between two values, for the ticks of an axis. */
export function ticks(min: number, max: number, count: number): number[] {
  const rough = (max - min) / Math.max(1, count)
  if (!(rough > 0) || !Number.isFinite(rough)) return [min]
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough
  const result: number[] = []
  // Multiples, not sums, so that errors do not add up.
  for (let index = Math.ceil(min / step); index * step <= max; index += 1) result.push(index * step)
  return result
}
