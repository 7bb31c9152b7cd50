// What all views have in common.

import type { AssetSource } from '../asset-source.js'
import { element } from '../dom.js'
import { toProblem } from '../problem.js'

/** What a view gets. */
export interface ViewContext {
  source: AssetSource
  path: string
  /** Aborted when another asset is opened. */
  closed: AbortSignal
  /** Called when the content of the asset is on the screen. */
  shown: () => void
}

/** Shows an asset. Adds its elements to the parent. */
export type View = (parent: HTMLElement, context: ViewContext) => Promise<void>

/** Returns an alert with an error in words. */
export function alertOf(error: unknown): HTMLElement {
  const { message, advice } = toProblem(error)
  return element('div', { class: 'problem', role: 'alert' }, element('p', {}, message), advice && element('p', {}, advice))
}

/** A place for the latest error of a view. */
export class Alerts {
  readonly root = element('div')

  show(error: unknown): void {
    this.root.replaceChildren(alertOf(error))
  }

  clear(): void {
    this.root.replaceChildren()
  }
}

/** Returns a description list of facts about an asset. */
export function facts(pairs: [string, string | undefined][]): HTMLElement {
  const known = pairs.filter(([, value]) => value !== undefined)
  return element('dl', { class: 'facts' }, ...known.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value ?? ''))))
}
