import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMultiscales } from '../src/zarr/multiscales.js'
import { automaticContrast, compose } from '../src/zarr/pixels.js'
import type { Plane } from '../src/zarr/pixels.js'
import { chooseLevel, fit, pan, tileRectangle, visibleTiles, zoomAt } from '../src/zarr/viewport.js'

const levels = [512, 256, 128].map((size) => ({ width: size, height: size, chunkWidth: 128, chunkHeight: 128 }))
const [image] = levels as [(typeof levels)[0]]

test('level is the smallest one that is not enlarged', () => {
  assert.equal(chooseLevel(levels, 4), 0)
  assert.equal(chooseLevel(levels, 1), 0)
  assert.equal(chooseLevel(levels, 0.5), 1)
  assert.equal(chooseLevel(levels, 0.3), 1)
  assert.equal(chooseLevel(levels, 0.1), 2)
  assert.equal(chooseLevel([], 1), 0)
})

test('whole image needs all chunks of its level, and a part only its own', () => {
  assert.equal(visibleTiles(levels, 0, fit(image, 512, 512)).length, 16)
  assert.equal(visibleTiles(levels, 2, fit(image, 512, 512)).length, 1)
  const corner = { centerX: 64, centerY: 64, zoom: 8, width: 400, height: 400 }
  assert.deepEqual(visibleTiles(levels, 0, corner), [{ level: 0, row: 0, column: 0 }])
  const outside = { centerX: 5000, centerY: 5000, zoom: 1, width: 400, height: 400 }
  assert.deepEqual(visibleTiles(levels, 0, outside), [])
})

test('chunks in the center come first', () => {
  const tiles = visibleTiles(levels, 0, { centerX: 500, centerY: 10, zoom: 1, width: 1024, height: 1024 })
  assert.deepEqual(tiles[0], { level: 0, row: 0, column: 3 })
})

test('neighboring chunks meet without a gap at any zoom', () => {
  for (const zoom of [0.013, 0.37, 1, 3.3]) {
    const viewport = { centerX: 201.3, centerY: 77.7, zoom, width: 333, height: 222 }
    for (const level of [0, 1]) {
      const left = tileRectangle(levels, { level, row: 0, column: 0 }, viewport)
      const right = tileRectangle(levels, { level, row: 0, column: 1 }, viewport)
      assert.equal(left.x + left.width, right.x)
    }
  }
})

test('zoom keeps the point below the pointer', () => {
  const viewport = { centerX: 200, centerY: 200, zoom: 1, width: 400, height: 400 }
  const at = (view: typeof viewport, x: number) => view.centerX + (x - view.width / 2) / view.zoom
  const zoomed = zoomAt(viewport, image, 2, 300, 200)
  assert.equal(zoomed.zoom, 2)
  assert.equal(at(zoomed, 300), at(viewport, 300))
})

test('center stays inside of the image, and the zoom within limits', () => {
  const viewport = fit(image, 400, 400)
  assert.equal(pan(viewport, image, 1e6, -1e6).centerX, 512)
  assert.equal(pan(viewport, image, 1e6, -1e6).centerY, 0)
  assert.equal(zoomAt(viewport, image, 1e9, 0, 0).zoom, 32)
  assert.ok(zoomAt(viewport, image, 1e-9, 0, 0).zoom > 0.3)
})

const version04 = {
  multiscales: [{
    name: 'slice',
    axes: [{ name: 'c' }, { name: 'y', unit: 'micrometer' }, { name: 'x', unit: 'micrometer' }],
    datasets: [{ path: '0', coordinateTransformations: [{ type: 'scale', scale: [1, 0.3, 0.5] }] }, { path: '1' }],
  }],
  omero: { channels: [{ label: 'DAPI', color: '0000FF', active: false, window: { min: 0, max: 9, start: 1, end: 5 } }, null] },
}

test('metadata of versions 0.4 and 0.5 are read', () => {
  const found = parseMultiscales(version04, 'a.zarr')
  assert.deepEqual(found.paths, ['0', '1'])
  assert.equal(found.pixelSize, '0.5 micrometer')
  assert.deepEqual(found.channels[0], { label: 'DAPI', color: '#0000ff', isActive: false, window: { start: 1, end: 5 } })
  assert.deepEqual(found.channels[1], { label: undefined, color: undefined, isActive: true, window: undefined })
  assert.deepEqual(parseMultiscales({ ome: version04 }, 'a.zarr'), found)
})

test('metadata without names of axes has five axes', () => {
  assert.deepEqual(parseMultiscales({ multiscales: [{ datasets: [{ path: '0' }] }] }, 'a').axes, ['t', 'c', 'z', 'y', 'x'])
})

test('metadata of something else is an error in words', () => {
  const message = (attributes: unknown) => {
    try {
      parseMultiscales(attributes, 'a.zarr')
    } catch (error) {
      return (error as Error).message
    }
    return 'accepted'
  }
  for (const broken of [null, [], 'text', {}, { multiscales: {} }, { multiscales: [] }, { multiscales: [null] }]) {
    assert.match(message(broken), /is not an OME-Zarr image/)
  }
  assert.match(message({ multiscales: [{ datasets: [] }] }), /no list of datasets/)
  assert.match(message({ multiscales: [{ datasets: [{ path: 1 }] }] }), /no list of datasets/)
  assert.match(message({ multiscales: [{ datasets: [{ path: '0' }], axes: ['x'] }] }), /axes do not include/)
  assert.match(message({ 'bioformats2raw.layout': 3 }), /collection of images/)
  assert.match(message({ plate: {} }), /plate of wells/)
})

const plane = (values: number[], width: number): Plane => ({ values, offset: 0, strideX: 1, strideY: width, width, height: values.length / width })

test('colors of channels are added between black and white', () => {
  const channel = { label: '', isActive: true, start: 10, end: 20 }
  const red = { plane: plane([0, 15, 20, 99], 2), channel: { ...channel, color: '#ff0000' } }
  const gray = { plane: plane([10, 10, 10, 20], 2), channel: { ...channel, color: '#808080' } }
  const pixels = compose([red, gray], 2, 2)
  assert.deepEqual(Array.from(pixels), [0, 0, 0, 255, 128, 0, 0, 255, 255, 0, 0, 255, 255, 128, 128, 255])
})

test('plane in a chunk with several dimensions is found by its offset and strides', () => {
  const values = [0, 0, 0, 0, 1, 2, 3, 4]
  const inChunk = { values, offset: 4, strideX: 2, strideY: 1, width: 2, height: 2 }
  const pixels = compose([{ plane: inChunk, channel: { label: '', isActive: true, color: '#0000ff', start: 0, end: 4 } }], 2, 2)
  assert.deepEqual([2, 6, 10, 14].map((index) => pixels[index]), [64, 191, 128, 255])
})

test('automatic contrast ignores extremes and what is no number', () => {
  const values = Array.from({ length: 10_000 }, (_, index) => index % 100)
  values[0] = 1e9
  values[1] = Number.NaN
  assert.deepEqual(automaticContrast([plane(values, 100)]), { start: 1, end: 99 })
  assert.deepEqual(automaticContrast([plane([5, 5, 5, 5], 2)]), { start: 5, end: 6 })
  assert.deepEqual(automaticContrast([]), { start: 0, end: 1 })
})
