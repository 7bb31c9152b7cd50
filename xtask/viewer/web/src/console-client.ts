// The part of the client that the console of the local stack uses.

export { PackagesError, createPackagesClient } from '../../../../openapi/typescript/src/index.js'
