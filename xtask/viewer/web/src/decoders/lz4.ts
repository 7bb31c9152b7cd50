// Decodes LZ4 blocks: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md.

/** Decodes a block into `length` bytes. */
export function decodeLz4Block(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length)
  let [from, to] = [0, 0]
  const lengthAfter = (start: number): number => {
    let total = start
    if (start !== 15) return total
    let byte = 255
    while (byte === 255) {
      byte = byteAt(from)
      from += 1
      total += byte
    }
    return total
  }
  const byteAt = (index: number): number => {
    const byte = input[index]
    if (byte === undefined) throw new Error('an LZ4 block is cut off')
    return byte
  }
  while (from < input.length) {
    const token = byteAt(from)
    from += 1
    const literals = lengthAfter(token >> 4)
    if (from + literals > input.length || to + literals > length) throw new Error('an LZ4 block has too many literals')
    output.set(input.subarray(from, from + literals), to)
    from += literals
    to += literals
    // The last sequence has no match.
    if (from === input.length) break
    const distance = byteAt(from) | (byteAt(from + 1) << 8)
    from += 2
    const matched = lengthAfter(token & 15) + 4
    if (distance === 0 || distance > to || to + matched > length) throw new Error('an LZ4 block refers to bytes outside of it')
    // Byte by byte, because a match may overlap what it writes.
    for (let end = to + matched; to < end; to += 1) output[to] = output[to - distance] ?? 0
  }
  if (to !== length) throw new Error('an LZ4 block is shorter than its declared size')
  return output
}
