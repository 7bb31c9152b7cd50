export { assetUrlPath, InvalidAssetPath } from "./asset_path.js";
export { createPackagesClient } from "./client.js";
export type { PackagesClient, PackagesClientOptions, Token } from "./client.js";
export { AccessDenied, AssetUnreachable, PackagesError } from "./errors.js";
export { PackageReader } from "./package_reader.js";
export type { AssetRequest, PackageReaderOptions, ReadOptions } from "./package_reader.js";
export type * from "./schema.js";
