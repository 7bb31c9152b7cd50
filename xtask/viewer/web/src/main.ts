// The page: chooses an environment's package and asset, and shows it.

import { ASSET_KINDS, kindOf, normalizedPath } from './asset-kind.js'
import type { AssetKind } from './asset-kind.js'
import { byId, element, select } from './dom.js'
import { loadEnvironment } from './environment.js'
import type { Environment } from './environment.js'
import { Problem } from './problem.js'
import { recentPaths, rememberPath } from './recent-paths.js'
import { Session } from './session.js'
import type { Access } from './session.js'
import { Traffic } from './traffic.js'
import { showBytes } from './views/bytes-view.js'
import { showImage } from './views/image-view.js'
import { showParquet } from './views/parquet-view.js'
import { showPicture } from './views/picture-view.js'
import { trafficPanel } from './views/traffic-panel.js'
import { alertOf } from './views/view.js'
import type { View } from './views/view.js'

const VIEWS: Record<AssetKind, View> = { parquet: showParquet, zarr: showImage, picture: showPicture, bytes: showBytes }

/** What the controls of the page choose. */
class Page {
  readonly #content = byId('content')
  readonly #dataset = byId<HTMLInputElement>('dataset')
  readonly #package = byId<HTMLInputElement>('package')
  readonly #token = byId<HTMLInputElement>('token')
  readonly #path = byId<HTMLInputElement>('path')
  readonly #traffic: Traffic
  readonly #session: Session
  #user: string | undefined
  #opening = new AbortController()

  constructor(private readonly environment: Environment) {
    const panel = trafficPanel()
    this.#traffic = new Traffic(() => panel.draw(this.#traffic))
    this.#session = new Session(environment, this.#traffic)
    this.#traffic.reset()
    byId('environment').textContent = environment.name
    byId('reset').addEventListener('click', () => this.#traffic.reset())
    byId('proxied').hidden = !environment.isApiProxied
    this.#offerUsers()
    this.#dataset.value = environment.demo?.datasetId ?? ''
    this.#package.value = environment.demo?.packageId ?? ''
    this.#package.addEventListener('change', () => this.#listAssets())
    this.#token.addEventListener('change', () => this.#session.reset())
    byId('open').addEventListener('submit', (event) => {
      event.preventDefault()
      void this.open(this.#path.value)
    })
    this.#listAssets()
  }

  #offerUsers(): void {
    const { tokenUrl, users } = this.environment
    if (tokenUrl === null) {
      byId('token-field').hidden = false
      return
    }
    this.#user = users.includes('viewer') ? 'viewer' : users[0]
    const choice = select(users.map((user) => [user, user]), this.#user ?? '', (user) => (this.#user = user))
    choice.id = 'user'
    byId('user-field').append(choice)
    byId('user-field').hidden = false
  }

  #listAssets(): void {
    const { demo } = this.environment
    const packageId = this.#package.value.trim()
    const known = demo?.packageId === packageId ? demo.assets : []
    const recent = recentPaths(packageId).filter((path) => !known.includes(path))
    const item = (path: string) =>
      element('li', {}, element('button', { type: 'button', 'data-path': path, onclick: () => void this.open(path) },
        element('strong', {}, path), element('small', {}, ASSET_KINDS[kindOf(path)])))
    byId('assets').replaceChildren(...known.map(item), ...recent.map(item))
    byId('no-assets').hidden = known.length + recent.length > 0
  }

  /** Opens an asset as the kind that its name or the user says. */
  async open(typed: string, chosen?: AssetKind): Promise<void> {
    const started = performance.now()
    this.#opening.abort()
    this.#opening = new AbortController()
    const closed = this.#opening.signal
    this.#traffic.reset()
    const path = normalizedPath(typed)
    this.#path.value = path
    for (const button of byId('assets').querySelectorAll('button')) {
      button.setAttribute('aria-current', String(button.dataset['path'] === path))
    }
    const kind = chosen ?? kindOf(path)
    const view = element('div', { class: 'view' }, element('p', { class: 'hint', role: 'status' }, 'Opening …'))
    this.#content.replaceChildren(this.#heading(path, kind), view)
    this.#content.dataset['state'] = 'opening'
    const parts = element('div')
    try {
      if (!path) throw new Problem('A path is needed.', 'Choose an asset, or type a path such as images/slice.ome.zarr.')
      const source = this.#session.open(this.#access())
      // The view measures its elements, so they are in the page from the beginning.
      view.append(parts)
      await VIEWS[kind](parts, { source, path, closed, shown: () => {
        if (closed.aborted) return
        this.#content.dataset['state'] = 'shown'
        this.#traffic.shown(performance.now() - started)
      } })
      if (closed.aborted) return
      view.firstElementChild?.remove()
      rememberPath(this.#package.value.trim(), path)
    } catch (error) {
      if (closed.aborted) return
      this.#content.dataset['state'] = 'failed'
      view.replaceChildren(alertOf(error))
    }
  }

  #heading(path: string, kind: AssetKind): HTMLElement {
    const kinds = Object.entries(ASSET_KINDS)
    const choice = select(kinds, kind, (value) => void this.open(path, value as AssetKind))
    choice.id = 'kind'
    return element('div', { class: 'heading' },
      element('h2', { tabindex: -1 }, path || 'No asset'),
      element('label', { class: 'field' }, element('span', {}, 'Open as'), choice))
  }

  #access(): Access {
    return {
      datasetId: this.#dataset.value.trim(),
      packageId: this.#package.value.trim(),
      user: this.#user,
      token: this.#token.value.trim().replace(/^bearer\s+/i, ''),
    }
  }
}

loadEnvironment().then(
  (environment) => {
    new Page(environment)
    document.documentElement.dataset['state'] = 'ready'
  },
  (error: unknown) => byId('content').replaceChildren(alertOf(error)),
)
