// Values as text.

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

/** Returns a size, such as `2.4 MB`. Units are powers of 1,000. */
export function size(bytes: number): string {
  let unit = 0
  let value = bytes
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return `${value.toFixed(digits)} ${UNITS[unit]}`
}

/** Returns an integer with separators of thousands. */
export function count(value: number | bigint): string {
  return value.toLocaleString('en-US')
}

/** Returns a count with the right form of a noun. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** Returns a number with at most six significant digits. */
export function number(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return count(value)
  return String(Number(value.toPrecision(6)))
}

/** Returns a decoded value of any format as one line of text. */
export function value(it: unknown): string {
  if (it === null || it === undefined) return ''
  if (typeof it === 'number') return number(it)
  if (typeof it === 'string') return it
  if (typeof it === 'bigint' || typeof it === 'boolean') return String(it)
  if (it instanceof Date) return Number.isNaN(it.getTime()) ? 'invalid date' : it.toISOString().replace('T', ' ').replace('Z', '')
  if (it instanceof Uint8Array) {
    const shown = Array.from(it.subarray(0, 32), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
    return it.length > 32 ? `${shown} … (${size(it.length)})` : shown
  }
  return JSON.stringify(it, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? ''
}
