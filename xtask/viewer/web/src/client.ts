// The client of the API, which has the signing, joining and renewal of URLs.

export { AccessDenied, AssetUnreachable, InvalidAssetPath, PackageReader, PackagesError, createPackagesClient } from '../../../../openapi/typescript/src/index.js'
export type { AssetRequest, ReadOptions } from '../../../../openapi/typescript/src/index.js'
