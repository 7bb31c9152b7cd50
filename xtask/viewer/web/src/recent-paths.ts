// The paths that were opened of each package. Nothing else is stored in the browser, and never a token.

const KEPT = 12

type PathStorage = Pick<Storage, 'getItem' | 'setItem'>

/** Returns the paths that were opened, the latest first. */
export function recentPaths(packageId: string, storage: PathStorage = localStorage): string[] {
  try {
    const stored: unknown = JSON.parse(storage.getItem(key(packageId)) ?? '[]')
    return Array.isArray(stored) ? stored.filter((path) => typeof path === 'string').slice(0, KEPT) : []
  } catch {
    return []
  }
}

/** Remembers a path as the latest. */
export function rememberPath(packageId: string, path: string, storage: PathStorage = localStorage): void {
  const paths = [path, ...recentPaths(packageId, storage).filter((other) => other !== path)]
  storage.setItem(key(packageId), JSON.stringify(paths.slice(0, KEPT)))
}

function key(packageId: string): string {
  return `paths of ${packageId}`
}
