// The metadata of OME-Zarr images: https://ngff.openmicroscopy.org/0.4/ and https://ngff.openmicroscopy.org/0.5/.

import { Problem } from '../problem.js'

/** An image in several sizes. */
export interface Multiscales {
  name: string
  /** The names of the axes in the order of the dimensions, such as `c`, `y`, `x`. */
  axes: string[]
  /** The paths of the levels, the largest first. */
  paths: string[]
  /** The size of a pixel of the largest level, such as `0.325 micrometer`. */
  pixelSize: string | undefined
  channels: ChannelMetadata[]
}

/** How a channel is shown at first. */
export interface ChannelMetadata {
  label: string | undefined
  /** As `#rrggbb`. */
  color: string | undefined
  isActive: boolean
  window: { start: number; end: number } | undefined
}

type Json = Record<string, unknown>

/** The axes of versions that do not name them. */
const FIVE_AXES = ['t', 'c', 'z', 'y', 'x']

/** Reads the attributes of a group. `path` is for messages. */
export function parseMultiscales(attributes: unknown, path: string): Multiscales {
  const document = isObject(attributes) && isObject(attributes['ome']) ? attributes['ome'] : attributes
  if (!isObject(document)) throw noImage(path, 'its attributes are not an object')
  const multiscales = list(document['multiscales'])[0]
  if (!isObject(multiscales)) throw withoutMultiscales(document, path)

  const paths = list(multiscales['datasets']).map((dataset) => (isObject(dataset) ? text(dataset['path']) : undefined))
  if (paths.length === 0 || paths.some((level) => level === undefined)) throw noImage(path, 'its multiscales have no list of datasets with paths')
  const named = list(multiscales['axes']).map((axis) => (isObject(axis) ? text(axis['name']) : text(axis)))
  const axes = named.length > 0 ? named : FIVE_AXES
  if (axes.some((axis) => axis === undefined) || !axes.includes('x') || !axes.includes('y')) {
    throw noImage(path, 'its axes do not include x and y')
  }
  const omero = isObject(document['omero']) ? document['omero'] : {}
  return {
    name: text(multiscales['name']) ?? text(omero['name']) ?? path,
    axes: axes as string[],
    paths: paths as string[],
    pixelSize: pixelSizeOf(multiscales, axes.indexOf('x')),
    channels: list(omero['channels']).map(parseChannel),
  }
}

function parseChannel(channel: unknown): ChannelMetadata {
  if (!isObject(channel)) return { label: undefined, color: undefined, isActive: true, window: undefined }
  const window = isObject(channel['window']) ? channel['window'] : {}
  const [start, end] = [window['start'] ?? window['min'], window['end'] ?? window['max']]
  const color = text(channel['color'])
  return {
    label: text(channel['label']),
    color: color && /^#?[0-9a-f]{6}$/i.test(color) ? `#${color.replace('#', '').toLowerCase()}` : undefined,
    isActive: channel['active'] !== false,
    window: typeof start === 'number' && typeof end === 'number' && end > start ? { start, end } : undefined,
  }
}

function pixelSizeOf(multiscales: Json, x: number): string | undefined {
  const dataset = list(multiscales['datasets'])[0]
  const transformations = isObject(dataset) ? list(dataset['coordinateTransformations']) : []
  const scale = transformations.find((it) => isObject(it) && it['type'] === 'scale')
  const size = isObject(scale) ? list(scale['scale'])[x] : undefined
  const axis = list(multiscales['axes'])[x]
  const unit = isObject(axis) ? text(axis['unit']) : undefined
  return typeof size === 'number' && unit ? `${size} ${unit}` : undefined
}

function withoutMultiscales(document: Json, path: string): Problem {
  if (document['bioformats2raw.layout'] !== undefined) {
    return new Problem(`${path} is a collection of images.`, `Open one of them, such as ${path}/0.`)
  }
  if (document['plate'] !== undefined) {
    return new Problem(`${path} is a plate of wells, which this page does not show as a whole.`, 'Open one field, such as ROW/COLUMN/0 in it.')
  }
  return noImage(path, 'its attributes have no multiscales')
}

function noImage(path: string, reason: string): Problem {
  return new Problem(`${path} is not an OME-Zarr image: ${reason}.`, 'Open its metadata as bytes: .zattrs (Zarr 2) or zarr.json (Zarr 3).')
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
