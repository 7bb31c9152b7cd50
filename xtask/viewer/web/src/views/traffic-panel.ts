// The requests of the page, live.

import { byId, element } from '../dom.js'
import * as format from '../format.js'
import type { Exchange, Traffic } from '../traffic.js'

/** How many requests are on the screen. */
const SHOWN = 40

/** Draws the panel at most once for each frame. */
export function trafficPanel(): { draw: (traffic: Traffic) => void } {
  const totals = byId('totals')
  const list = byId('exchanges')
  let isScheduled = false
  const draw = (traffic: Traffic) => {
    if (isScheduled) return
    isScheduled = true
    requestAnimationFrame(() => {
      isScheduled = false
      const { requests, bytes, cacheHits, signatures, denied, missing, failed } = traffic.totals
      const pairs: [string, string, string][] = [
        ['requests', 'Requests', format.count(requests)],
        ['bytes', 'Bytes', format.size(bytes)],
        ['hits', 'CDN cache hits', cacheHits === undefined ? '–' : format.count(cacheHits)],
        ['signatures', 'Signatures', format.count(signatures)],
        ['denied', 'Denied (403)', format.count(denied)],
        ['missing', 'Missing (404)', format.count(missing)],
        ['failed', 'Other errors', format.count(failed)],
        ['shown', 'Shown after', traffic.shownAfter === undefined ? '–' : `${format.count(Math.round(traffic.shownAfter))} ms`],
      ]
      totals.replaceChildren(...pairs.map(([id, name, value]) => element('div', { 'data-total': id }, element('dt', {}, name), element('dd', {}, value))))
      totals.dataset['bytes'] = String(bytes)
      list.replaceChildren(...traffic.exchanges.slice(0, SHOWN).map(row))
    })
  }
  return { draw }
}

function row(exchange: Exchange): HTMLElement {
  const { to, method, path, range, status, bytes, cacheHit, milliseconds } = exchange
  const cache = cacheHit === undefined ? '' : cacheHit ? 'hit' : 'miss'
  return element('tr', {},
    element('td', {}, to),
    element('td', {}, method),
    element('td', { class: 'path', title: path }, path),
    element('td', {}, range?.replace('bytes=', '') ?? ''),
    element('td', { class: status >= 400 ? 'number bad' : 'number' }, String(status)),
    element('td', { class: 'number' }, bytes === undefined ? '?' : format.size(bytes)),
    element('td', {}, cache),
    element('td', { class: 'number' }, `${Math.round(milliseconds)} ms`),
  )
}
