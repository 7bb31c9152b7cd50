// Who reads what: the user, the package, and the reader of its assets.

import { AssetSource } from './asset-source.js'
import { PackageReader, createPackagesClient } from './client.js'
import type { AssetRequest } from './client.js'
import type { Environment } from './environment.js'
import { Problem } from './problem.js'
import type { Traffic } from './traffic.js'

/** The package, and how its reader gets tokens. */
export interface Access {
  datasetId: string
  packageId: string
  /** A user with tokens of the local stack; otherwise the token is used. */
  user: string | undefined
  /** A token that was pasted. It is never stored. */
  token: string
}

/** Opens packages. The signature of a package is kept as long as the package and the user stay the same. */
export class Session {
  readonly #environment: Environment
  readonly #traffic: Traffic
  #current: { key: string; source: AssetSource } | undefined

  constructor(environment: Environment, traffic: Traffic) {
    this.#environment = environment
    this.#traffic = traffic
  }

  /** Returns what reads the assets of a package. */
  open(access: Access): AssetSource {
    if (!access.datasetId || !access.packageId) {
      throw new Problem('A dataset and a package are needed.', 'Type or paste their node ids, such as N:dataset:… and N:package:….')
    }
    if (access.user === undefined && !access.token) {
      throw new Problem('An access token is needed.', 'Paste one: the value after `Bearer` in a request of the platform\'s own page.')
    }
    const key = JSON.stringify(access)
    if (this.#current?.key !== key) this.#current = { key, source: this.#sourceOf(access) }
    return this.#current.source
  }

  /** Forgets the signature, for example because its token has been replaced. */
  reset(): void {
    this.#current = undefined
  }

  #sourceOf({ datasetId, packageId, user, token }: Access): AssetSource {
    const client = createPackagesClient({
      baseUrl: new URL(this.#environment.apiUrl, location.href).href,
      token: user === undefined ? token : () => this.#tokenOf(user),
      fetch: this.#traffic.fetchOfApi(),
    })
    const onRequest = (request: AssetRequest) => this.#traffic.add({ to: 'CDN', ...request })
    return new AssetSource(new PackageReader({ client, datasetId, packageId, onRequest }))
  }

  async #tokenOf(user: string): Promise<string> {
    const response = await fetch(`${this.#environment.tokenUrl}${encodeURIComponent(user)}`)
    if (!response.ok) throw new Problem(`The token issuer responded with ${response.status}.`, 'Check that the local stack runs.')
    return response.text()
  }
}
