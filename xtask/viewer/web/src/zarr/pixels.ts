// Pixels of channels as colors.

/** The values of one channel in a rectangle. */
export interface Plane {
  values: ArrayLike<number | bigint>
  /** Where the first value is, and how far apart the next column and the next row are. */
  offset: number
  strideX: number
  strideY: number
  width: number
  height: number
}

/** A channel of an image. */
export interface Channel {
  label: string
  /** As `#rrggbb`. */
  color: string
  isActive: boolean
  /** The value that is black; undefined until the first values are known. */
  start: number | undefined
  /** The value with the full color. */
  end: number | undefined
}

/** Adds the colors of channels, and returns them as bytes of red, green, blue and opacity. */
export function compose(planes: { plane: Plane; channel: Channel }[], width: number, height: number): Uint8ClampedArray<ArrayBuffer> {
  const sums = new Float32Array(width * height * 3)
  for (const { plane, channel } of planes) {
    const [red, green, blue] = rgb(channel.color)
    const start = channel.start ?? 0
    const scale = 1 / Math.max(Number.MIN_VALUE, (channel.end ?? 1) - start)
    for (let y = 0; y < Math.min(height, plane.height); y += 1) {
      let from = plane.offset + y * plane.strideY
      let to = y * width * 3
      for (let x = 0; x < Math.min(width, plane.width); x += 1) {
        const share = Math.min(1, Math.max(0, (Number(plane.values[from]) - start) * scale))
        if (share > 0) {
          sums[to] = (sums[to] ?? 0) + share * red
          sums[to + 1] = (sums[to + 1] ?? 0) + share * green
          sums[to + 2] = (sums[to + 2] ?? 0) + share * blue
        }
        from += plane.strideX
        to += 3
      }
    }
  }
  // Values above 255 and those that are not numbers are clamped.
  const pixels = new Uint8ClampedArray(width * height * 4)
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    pixels[pixel * 4] = sums[pixel * 3] ?? 0
    pixels[pixel * 4 + 1] = sums[pixel * 3 + 1] ?? 0
    pixels[pixel * 4 + 2] = sums[pixel * 3 + 2] ?? 0
    pixels[pixel * 4 + 3] = 255
  }
  return pixels
}

function rgb(color: string): [number, number, number] {
  const value = Number.parseInt(color.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

/** How many values of a plane determine its contrast. */
const SAMPLES = 10_000

/** Returns a contrast in which one value of a hundred is black and one of a thousand has the full color. */
export function automaticContrast(planes: Plane[]): { start: number; end: number } {
  const samples: number[] = []
  for (const plane of planes) {
    const all = plane.width * plane.height
    const step = Math.max(1, Math.floor(all / SAMPLES))
    for (let index = 0; index < all; index += step) {
      const [x, y] = [index % plane.width, Math.floor(index / plane.width)]
      const value = Number(plane.values[plane.offset + x * plane.strideX + y * plane.strideY])
      if (Number.isFinite(value)) samples.push(value)
    }
  }
  samples.sort((one, other) => one - other)
  const at = (share: number) => samples[Math.min(samples.length - 1, Math.floor(share * samples.length))] ?? 0
  const [start, end] = [at(0.01), at(0.999)]
  return { start, end: end > start ? end : start + 1 }
}
