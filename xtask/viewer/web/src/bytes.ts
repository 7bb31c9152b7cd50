// Bytes as text.

export const BYTES_PER_ROW = 16

/** A row of a hex dump. */
export interface HexRow {
  offset: string
  hex: string
  /** The bytes that are printable ASCII, and dots for the others. */
  text: string
}

/** Returns the rows of a hex dump of bytes that begin at an offset. */
export function hexRows(bytes: Uint8Array, offset: number): HexRow[] {
  return Array.from({ length: Math.ceil(bytes.length / BYTES_PER_ROW) }, (_, row) => {
    const part = Array.from(bytes.subarray(row * BYTES_PER_ROW, (row + 1) * BYTES_PER_ROW))
    return {
      offset: (offset + row * BYTES_PER_ROW).toString(16).padStart(8, '0'),
      hex: part.map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
      text: part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join(''),
    }
  })
}

/** Returns an offset that was typed, in decimal or with `0x`, moved into an object; undefined if it is no number. */
export function parseOffset(typed: string, size: number): number | undefined {
  const text = typed.trim()
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) return undefined
  const last = Math.max(0, Math.floor((size - 1) / BYTES_PER_ROW) * BYTES_PER_ROW)
  return Math.min(last, Math.floor(Number(text) / BYTES_PER_ROW) * BYTES_PER_ROW)
}
