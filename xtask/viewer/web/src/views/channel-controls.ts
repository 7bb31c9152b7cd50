// Switches, colors and contrast of the channels of an image.

import { element, labeled } from '../dom.js'
import type { Channel } from '../zarr/pixels.js'

/** Called after a change. */
export interface ChannelChanges {
  recolored: () => void
  activated: () => void
  automatic: () => void
}

/** Creates the controls. `update` shows values that were changed elsewhere. */
export function channelControls(channels: Channel[], changes: ChannelChanges): { root: HTMLElement; update: () => void } {
  const rows = channels.map((channel) => channelRow(channel, changes))
  const automatic = element('button', { type: 'button', onclick: changes.automatic }, 'Automatic contrast')
  const root = element('fieldset', { class: 'channels' }, element('legend', {}, 'Channels'), ...rows.map((row) => row.root), automatic)
  const update = () => rows.forEach((row) => row.update())
  update()
  return { root, update }
}

function channelRow(channel: Channel, { recolored, activated }: ChannelChanges): { root: HTMLElement; update: () => void } {
  const active = element('input', { type: 'checkbox', checked: channel.isActive, onchange: () => {
    channel.isActive = active.checked
    activated()
  } })
  const color = element('input', { type: 'color', value: channel.color, 'aria-label': `Color of ${channel.label}`, oninput: () => {
    channel.color = color.value
    recolored()
  } })
  const start = element('input', { type: 'number', step: 'any', oninput: changed })
  const end = element('input', { type: 'number', step: 'any', oninput: changed })

  function changed(): void {
    const [newStart, newEnd] = [start.valueAsNumber, end.valueAsNumber]
    const isValid = newEnd > newStart
    end.setCustomValidity(isValid ? '' : 'The white value must be greater than the black value.')
    if (!isValid) return
    channel.start = newStart
    channel.end = newEnd
    recolored()
  }

  const update = () => {
    start.value = channel.start === undefined ? '' : String(Number(channel.start.toPrecision(6)))
    end.value = channel.end === undefined ? '' : String(Number(channel.end.toPrecision(6)))
  }
  const root = element('div', { class: 'channel', role: 'group', 'aria-label': channel.label },
    labeled(channel.label, active, 'check'), color, labeled('Black', start), labeled('White', end))
  return { root, update }
}
