// Decoders of compressed Parquet pages and Zarr chunks: a file of its own, which the page loads on first use.

import { gunzipSync, unzlibSync } from 'fflate'
import { decompress } from 'fzstd'
import type { Compressors } from 'hyparquet/src/types.js'
import { decodeBlosc } from './decoders/blosc.js'
import { decodeLz4Block } from './decoders/lz4.js'

/** For Parquet. */
export const compressors: Compressors = {
  GZIP: (input, length) => gunzipSync(input, { out: new Uint8Array(length) }),
  ZSTD: (input, length) => decompress(input, new Uint8Array(length)),
  LZ4_RAW: (input, length) => decodeLz4Block(input, length),
}

/** For Zarr, by the name of the codec. */
export const zarrDecoders: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  blosc: (bytes) => decodeBlosc(bytes, { zstd: (input, length) => decompress(input, new Uint8Array(length)), zlib: (input) => unzlibSync(input) }),
  zstd: (bytes) => decompress(bytes),
  // numcodecs writes the decoded size, in little-endian order, before the block.
  lz4: (bytes) => decodeLz4Block(bytes.subarray(4), new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)),
}
