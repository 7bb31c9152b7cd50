// What the server of this page says about the environment.

/** The environment whose assets the page shows. */
export interface Environment {
  name: string
  /** The address of the API, which may be relative to the page. */
  apiUrl: string
  /** Whether requests to the API go through the server of this page. */
  isApiProxied: boolean
  /** Returns a token for a user whose name is appended; absent where a token has to be pasted. */
  tokenUrl: string | null
  /** The users that have tokens at `tokenUrl`. */
  users: string[]
  /** A package to begin with. */
  demo: { datasetId: string; packageId: string; assets: string[] } | null
}

export async function loadEnvironment(): Promise<Environment> {
  const response = await fetch('environment.json')
  if (!response.ok) throw new Error(`the server of this page responded with status ${response.status}`)
  return response.json()
}
