// An OME-Zarr image with channels, contrast and levels. Only the chunks on the screen are read.

import { element, labeled, select } from '../dom.js'
import * as format from '../format.js'
import { ZarrImage } from '../zarr/image.js'
import type { Position } from '../zarr/image.js'
import { automaticContrast } from '../zarr/pixels.js'
import { chooseLevel, fit, pan, zoomAt } from '../zarr/viewport.js'
import type { Viewport } from '../zarr/viewport.js'
import { channelControls } from './channel-controls.js'
import { Tiles } from './tiles.js'
import { Alerts, facts } from './view.js'
import type { View } from './view.js'

/** How far a key moves the image, as a share of what is visible. */
const KEY_STEP = 0.15
const ZOOM_STEP = 1.5

export const showImage: View = async (parent, { source, path, closed, shown }) => {
  const image = await ZarrImage.open(source, path)
  if (closed.aborted) return
  const [largest] = image.levels
  if (!largest) return
  const channels = image.channels()
  const position: Position = {}
  const alerts = new Alerts()
  let fixedLevel: number | undefined
  let isFitted = true

  const canvas = element('canvas', { class: 'image', tabindex: 0, role: 'img', 'aria-label': image.metadata.name })
  const status = element('p', { class: 'hint', 'aria-live': 'polite' })
  const tiles = new Tiles(image, channels, position, closed, (outcome) => {
    if (outcome.error !== undefined) alerts.show(outcome.error)
    if (channels.some((channel) => channel.isActive && channel.start === undefined)) setContrast(false)
    draw()
    if (outcome.hasPicture) shown()
  })
  let viewport: Viewport = fit(largest, 1, 1)
  let isScheduled = false

  function currentLevel(): number {
    return fixedLevel ?? chooseLevel(image.levels, viewport.zoom * devicePixelRatio)
  }

  function draw(): void {
    if (isScheduled) return
    isScheduled = true
    requestAnimationFrame(() => {
      isScheduled = false
      const context = canvas.getContext('2d')
      if (!context || canvas.clientWidth === 0) return
      canvas.width = canvas.clientWidth * devicePixelRatio
      canvas.height = canvas.clientHeight * devicePixelRatio
      const scaled = { ...viewport, width: canvas.width, height: canvas.height, zoom: viewport.zoom * devicePixelRatio }
      const { drawn, needed } = tiles.draw(context, scaled, currentLevel())
      const level = image.levels[currentLevel()]
      const text = `Level ${currentLevel() + 1} of ${image.levels.length} (${level?.width} × ${level?.height}), ${Math.round(viewport.zoom * 100)} % of full size, ${drawn} of ${format.counted(needed, 'chunk')}`
      const missing = image.store.missing - missingMetadata
      status.textContent = missing > 0 ? `${text}, ${missing} missing (404)` : text
      canvas.setAttribute('aria-label', `${image.metadata.name}. ${status.textContent}. Arrow keys move, plus and minus zoom, 0 shows all.`)
    })
  }

  /** Shows a part of the image, and reads the chunks that it needs. */
  function show(next: Viewport): void {
    viewport = next
    draw()
    alerts.clear()
    tiles.request(viewport, currentLevel())
  }

  function setContrast(isForAll: boolean): void {
    channels.forEach((channel, index) => {
      if (!channel.isActive || (!isForAll && channel.start !== undefined)) return
      const planes = tiles.planesOf(index)
      if (planes.length > 0) Object.assign(channel, automaticContrast(planes))
    })
    tiles.recolor()
    controls.update()
    draw()
  }

  const zoom = (factor: number, x = viewport.width / 2, y = viewport.height / 2) => {
    isFitted = false
    show(zoomAt(viewport, largest, factor, x, y))
  }
  const move = (x: number, y: number) => {
    isFitted = false
    show(pan(viewport, largest, x, y))
  }
  const showAll = () => {
    isFitted = true
    show(fit(largest, viewport.width, viewport.height))
  }

  canvas.addEventListener('keydown', (event) => {
    const [x, y] = [viewport.width * KEY_STEP, viewport.height * KEY_STEP]
    const action = ({
      ArrowLeft: () => move(-x, 0), ArrowRight: () => move(x, 0), ArrowUp: () => move(0, -y), ArrowDown: () => move(0, y),
      '+': () => zoom(ZOOM_STEP), '=': () => zoom(ZOOM_STEP), '-': () => zoom(1 / ZOOM_STEP), '0': showAll,
    } as Record<string, () => void>)[event.key]
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    action()
  })
  canvas.addEventListener('wheel', (event) => {
    event.preventDefault()
    zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY)
  }, { passive: false })
  canvas.addEventListener('pointerdown', (event) => canvas.setPointerCapture(event.pointerId))
  canvas.addEventListener('pointermove', (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) move(-event.movementX, -event.movementY)
  })

  const controls = channelControls(channels, {
    recolored: () => {
      tiles.recolor()
      draw()
    },
    activated: () => {
      tiles.recolor()
      show(viewport)
    },
    automatic: () => setContrast(true),
  })
  const levels = image.levels.map((level, index): [string, string] => [String(index), `${index + 1}: ${level.width} × ${level.height}`])
  const levelSelect = select([['', 'Automatic'], ...levels], '', (value) => {
    fixedLevel = value === '' ? undefined : Number(value)
    show(viewport)
  })
  const sliders = image.otherAxes.map((axis) => {
    const slider = element('input', { type: 'range', min: 0, max: image.length(axis) - 1, value: 0, oninput: () => {
      position[axis] = Number(slider.value)
      tiles.clear()
      show(viewport)
    } })
    return labeled(axis, slider)
  })
  const button = (text: string, label: string, act: () => void) => element('button', { type: 'button', 'aria-label': label, title: label, onclick: act }, text)
  parent.append(
    facts([
      ['Name', image.metadata.name],
      ['Format', `OME-Zarr on Zarr ${image.version}`],
      ['Axes', image.metadata.axes.map((axis) => `${axis} ${image.length(axis)}`).join(', ')],
      ['Chunks', `${largest.array.chunks.join(' × ')}, ${largest.array.dtype}`],
      ['Pixel', image.metadata.pixelSize],
    ]),
    element('div', { class: 'controls' },
      labeled('Level', levelSelect), ...sliders,
      button('+', 'Zoom in', () => zoom(ZOOM_STEP)), button('−', 'Zoom out', () => zoom(1 / ZOOM_STEP)), button('All', 'Show the whole image', showAll),
    ),
    alerts.root,
    element('div', { class: 'image-and-channels' }, element('div', { class: 'frame' }, canvas), controls.root),
    status,
  )
  const missingMetadata = image.store.missing

  const resized = new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = canvas
    if (width > 0) show(isFitted ? fit(largest, width, height) : { ...viewport, width, height })
  })
  resized.observe(canvas)
  closed.addEventListener('abort', () => resized.disconnect())
}
