// How an asset is shown, from its name.

/** How an asset is shown. */
export type AssetKind = 'parquet' | 'zarr' | 'picture' | 'bytes'

/** The kinds with their names for users. */
export const ASSET_KINDS: Record<AssetKind, string> = {
  parquet: 'Table (Parquet)',
  zarr: 'Image (OME-Zarr)',
  picture: 'Picture',
  bytes: 'Bytes',
}

const PICTURES = /\.(apng|avif|bmp|gif|jpe?g|png|svg|webp)$/i

/** Returns the kind of an asset. */
export function kindOf(path: string): AssetKind {
  if (/\.(parquet|parq|pq|geoparquet)$/i.test(path)) return 'parquet'
  if (/\.zarr$/i.test(path)) return 'zarr'
  return PICTURES.test(path) ? 'picture' : 'bytes'
}

/**
 * Returns a path as it is used for an asset: without a slash at either end, and a group in place of its metadata.
 *
 * People paste prefixes and the names of metadata objects, because those are what they see in a bucket.
 */
export function normalizedPath(typed: string): string {
  const path = typed.trim().replace(/^\/+|\/+$/g, '')
  return path.replace(/\/(\.zattrs|\.zgroup|\.zmetadata|zarr\.json)$/, '')
}
