// Loads the decoders that few assets need, on first use.

import type * as Decoders from './decoders.js'

/** Returns the decoders. */
export function loadDecoders(): Promise<typeof Decoders> {
  return import('./decoders.js')
}
