// Makes zarrita use the decoders of this page in place of WebAssembly.

import { registry } from 'zarrita'
import { loadDecoders } from '../load-decoders.js'

export function registerCodecs(): void {
  for (const name of ['blosc', 'zstd', 'lz4']) {
    const codec = {
      fromConfig: () => ({
        kind: 'bytes_to_bytes' as const,
        decode: async (bytes: Uint8Array) => {
          const decode = (await loadDecoders()).zarrDecoders[name]
          if (!decode) throw new Error(`there is no decoder for ${name}`)
          return decode(bytes)
        },
        encode: () => {
          throw new Error('this page does not write')
        },
      }),
    }
    registry.set(name, async () => codec)
    registry.set(`numcodecs.${name}`, async () => codec)
  }
}
