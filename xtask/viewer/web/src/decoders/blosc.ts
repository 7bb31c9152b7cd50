// Decodes Blosc buffers: https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst.

import { decodeLz4Block } from './lz4.js'

const HEADER_BYTES = 16
/** The most that one buffer may decode to. */
const LARGEST_BUFFER = 256 * 1024 * 1024

const SHUFFLED = 0x1
const COPIED = 0x2
const BIT_SHUFFLED = 0x4
const NOT_SPLIT = 0x10

/** How many parts a split block has at most, and how large their elements must be together. */
const MOST_SPLITS = 16
const LEAST_SPLIT_BYTES = 128

type Decode = (input: Uint8Array, length: number) => Uint8Array

/** The decoders of the compressors that Blosc contains. */
export interface BloscDecoders {
  zstd: Decode
  zlib: Decode
}

/** Decodes a buffer. */
export function decodeBlosc(bytes: Uint8Array, { zstd, zlib }: BloscDecoders): Uint8Array {
  if (bytes.length < HEADER_BYTES) throw new Error('a Blosc buffer is cut off')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags = view.getUint8(2)
  const typeSize = view.getUint8(3) || 1
  const total = view.getUint32(4, true)
  const blockSize = view.getUint32(8, true)
  if (total > LARGEST_BUFFER) throw new Error('a Blosc buffer declares more than 256 MiB')
  if (flags & COPIED) return bytes.slice(HEADER_BYTES, HEADER_BYTES + total)
  if (total === 0) return new Uint8Array()
  if (blockSize === 0) throw new Error('a Blosc buffer declares blocks without bytes')
  const decode = ({ 1: decodeLz4Block, 3: zlib, 4: zstd } as Record<number, Decode>)[flags >> 5]
  if (!decode) throw new Error('the compressors blosclz and snappy of Blosc are not supported')

  const output = new Uint8Array(total)
  const blocks = Math.ceil(total / blockSize)
  for (let block = 0; block < blocks; block += 1) {
    const start = block * blockSize
    const length = Math.min(blockSize, total - start)
    const isLast = length < blockSize
    const canSplit = !(flags & NOT_SPLIT) && typeSize <= MOST_SPLITS && blockSize / typeSize >= LEAST_SPLIT_BYTES && !isLast
    const parts = canSplit ? typeSize : 1
    const decoded = new Uint8Array(length)
    let from = view.getUint32(HEADER_BYTES + 4 * block, true)
    for (let part = 0; part < parts; part += 1) {
      const size = length / parts
      const compressed = view.getInt32(from, true)
      const input = bytes.subarray(from + 4, from + 4 + compressed)
      if (compressed < 0 || input.length !== compressed) throw new Error('a Blosc buffer is cut off')
      // A part that does not become smaller is stored as it is.
      decoded.set(compressed === size ? input : decode(input, size), part * size)
      from += 4 + compressed
    }
    output.set(unshuffle(decoded, typeSize, flags), start)
  }
  return output
}

function unshuffle(bytes: Uint8Array, typeSize: number, flags: number): Uint8Array {
  if (flags & BIT_SHUFFLED) return bitUnshuffle(bytes, typeSize)
  if (!(flags & SHUFFLED) || typeSize === 1) return bytes
  const output = new Uint8Array(bytes.length)
  const elements = Math.floor(bytes.length / typeSize)
  for (let byte = 0; byte < typeSize; byte += 1) {
    for (let element = 0; element < elements; element += 1) {
      output[element * typeSize + byte] = bytes[byte * elements + element] ?? 0
    }
  }
  output.set(bytes.subarray(elements * typeSize), elements * typeSize)
  return output
}

/** Undoes the transposition of bits. Version 1 of Blosc transposes only blocks with a multiple of 8 elements. */
function bitUnshuffle(bytes: Uint8Array, typeSize: number): Uint8Array {
  const elements = Math.floor(bytes.length / typeSize)
  if (elements % 8 !== 0) return bytes
  const output = new Uint8Array(bytes.length)
  const rowBytes = elements / 8
  for (let bit = 0; bit < typeSize * 8; bit += 1) {
    for (let element = 0; element < elements; element += 1) {
      const isSet = ((bytes[bit * rowBytes + (element >> 3)] ?? 0) >> (element & 7)) & 1
      if (isSet) {
        const at = element * typeSize + (bit >> 3)
        output[at] = (output[at] ?? 0) | (1 << (bit & 7))
      }
    }
  }
  output.set(bytes.subarray(elements * typeSize), elements * typeSize)
  return output
}
