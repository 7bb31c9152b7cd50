import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeLz4Block } from '../src/decoders/lz4.js'
import { compressors, zarrDecoders } from '../src/decoders.js'
// What numcodecs makes of `values`.
import compressed from './compressed.json'

const values = new Uint16Array(Array.from({ length: 1500 }, (_, index) => Math.floor(index / 3) + ((index * 7919) % 13)))
const expected = new Uint8Array(values.buffer)
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'))

for (const [name, base64] of Object.entries(compressed.blosc)) {
  test(`Blosc buffer with ${name} is decoded`, () => {
    const length = name.includes('of a multiple of 8') ? 2992 : expected.length
    assert.deepEqual(zarrDecoders['blosc']?.(bytes(base64)), expected.slice(0, length))
  })
}

test('Blosc buffer with several blocks, the last one shorter, is decoded', () => {
  const long = new Uint16Array(Array.from({ length: 40_001 }, (_, index) => Math.floor(index / 100)))
  assert.deepEqual(zarrDecoders['blosc']?.(bytes(compressed.blocks)), new Uint8Array(long.buffer))
})

test('chunks with zstd and with lz4 are decoded', () => {
  assert.deepEqual(zarrDecoders['zstd']?.(bytes(compressed.zstd)), expected)
  assert.deepEqual(zarrDecoders['lz4']?.(bytes(compressed.lz4)), expected)
})

test('pages with zstd and with lz4 are decoded', () => {
  assert.deepEqual(compressors.ZSTD?.(bytes(compressed.zstd), expected.length), expected)
  assert.deepEqual(compressors.LZ4_RAW?.(bytes(compressed.lz4).subarray(4), expected.length), expected)
})

test('unsupported compressor of Blosc is named', () => {
  assert.throws(() => zarrDecoders['blosc']?.(bytes(compressed.unsupported)), /blosclz/)
})

test('damaged buffers are errors, whatever the damage', () => {
  const lz4 = bytes(compressed.lz4).subarray(4)
  const blosc = bytes(compressed.blosc['lz4, shuffled'])
  for (let length = 0; length < lz4.length; length += 7) {
    assert.throws(() => decodeLz4Block(lz4.subarray(0, length), expected.length))
  }
  for (let length = 0; length < blosc.length; length += 7) {
    assert.throws(() => zarrDecoders['blosc']?.(blosc.slice(0, length)))
  }
  const huge = blosc.slice()
  new DataView(huge.buffer).setUint32(4, 2 ** 31, true)
  assert.throws(() => zarrDecoders['blosc']?.(huge), /declares more/)
  const withoutBlocks = blosc.slice()
  new DataView(withoutBlocks.buffer).setUint32(8, 0, true)
  assert.throws(() => zarrDecoders['blosc']?.(withoutBlocks), /blocks without bytes/)
})
