import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOf, normalizedPath } from '../src/asset-kind.js'
import { AssetSource } from '../src/asset-source.js'
import { hexRows, parseOffset } from '../src/bytes.js'
import { AccessDenied, AssetUnreachable, PackagesError } from '../src/client.js'
import * as format from '../src/format.js'
import { Problem, toProblem, withoutQueries } from '../src/problem.js'
import { recentPaths, rememberPath } from '../src/recent-paths.js'

test('kind of an asset follows from its name', () => {
  assert.deepEqual(['a/eeg.parquet', 'b.OME.ZARR', 'c.PNG', 'd.nii.gz', 'zarr'].map(kindOf), ['parquet', 'zarr', 'picture', 'bytes', 'bytes'])
})

test('pasted prefixes and metadata become the path of the asset', () => {
  assert.equal(normalizedPath(' /images/a.zarr/ '), 'images/a.zarr')
  assert.equal(normalizedPath('a.zarr/.zattrs'), 'a.zarr')
  assert.equal(normalizedPath('a.zarr/zarr.json'), 'a.zarr')
  assert.equal(normalizedPath('/'), '')
})

test('no message contains the query of a URL', () => {
  const url = 'https://d1.cloudfront.net/O1/D2/P3/a%20b?Policy=abc~&Signature=def'
  assert.equal(withoutQueries(`failed at ${url} and "${url}"`), 'failed at https://d1.cloudfront.net/O1/D2/P3/a%20b and "https://d1.cloudfront.net/O1/D2/P3/a%20b"')
  assert.ok(!toProblem(new Error(url)).message.includes('Signature'))
  assert.ok(!toProblem(url).message.includes('Signature'))
  assert.ok(!toProblem(new PackagesError(500, url, undefined)).message.includes('Signature'))
})

test('each error says what to do', () => {
  const errors = [401, 403, 404, 429].map((status) => new PackagesError(status, 'x', undefined))
  for (const error of [...errors, new PackagesError(503, 'x', 'id-1'), new AccessDenied('https://a.test/b'), new AssetUnreachable('https://a.test/b', 'x')]) {
    assert.notEqual(toProblem(error).advice, '', error.message)
  }
  assert.match(toProblem(new PackagesError(401, 'Unauthorized', 'id-1')).message, /401: Unauthorized \(error ID id-1\)/)
  assert.match(toProblem(new PackagesError(503, 'x', 'id-1')).advice, /explain id-1/)
})

/** A source whose reader always responds with this. */
function source(response: () => Response): AssetSource {
  return new AssetSource({ read: async () => response() })
}

test('reads above the limit are refused before they are sent', async () => {
  const silent = source(() => assert.fail('a request was sent'))
  await assert.rejects(silent.range('a', 0, 2 ** 31), /2\.15 GB of a at once was refused/)
  const huge = source(() => new Response('', { headers: { 'content-length': String(2 ** 31) } }))
  await assert.rejects(huge.whole('a'), /too much to read at once/)
})

test('responses that are not what was asked for are errors', async () => {
  await assert.rejects(source(() => new Response('whole')).range('a', 0, 2), /responded with 200 to a request for a range/)
  await assert.rejects(source(() => new Response('ab', { status: 206 })).range('a', 0, 3), /ends before byte 3/)
  await assert.rejects(source(() => new Response('', { status: 416 })).range('a', 0, 3), /416/)
  await assert.rejects(source(() => new Response(null, { status: 404 })).size('a'), /There is no asset a/)
  await assert.rejects(source(() => new Response('', { status: 500 })).whole('a'), /500/)
  await assert.rejects(source(() => new Response(null)).size('a'), /does not say how large/)
})

test('object that is not there is no error for what may be missing', async () => {
  assert.equal(await source(() => new Response(null, { status: 404 })).whole('a'), undefined)
})

test('empty range needs no request', async () => {
  const silent = source(() => assert.fail('a request was sent'))
  assert.equal((await silent.range('a', 5, 5)).length, 0)
})

test('recent paths are kept once, the latest first', () => {
  const stored = new Map<string, string>()
  const storage = { getItem: (key: string) => stored.get(key) ?? null, setItem: (key: string, value: string) => void stored.set(key, value) }
  for (const path of ['a', 'b', 'a']) rememberPath('p', path, storage)
  assert.deepEqual(recentPaths('p', storage), ['a', 'b'])
  assert.deepEqual(recentPaths('other', storage), [])
  for (let index = 0; index < 50; index += 1) rememberPath('p', String(index), storage)
  assert.equal(recentPaths('p', storage).length, 12)
  stored.set('paths of p', '{"not": "a list"}')
  assert.deepEqual(recentPaths('p', storage), [])
  stored.set('paths of p', 'broken')
  assert.deepEqual(recentPaths('p', storage), [])
})

test('bytes are shown with their offsets', () => {
  const bytes = new TextEncoder().encode('PAR1\u0000 and more text')
  assert.deepEqual(hexRows(bytes, 16)[0], { offset: '00000010', hex: '50 41 52 31 00 20 61 6e 64 20 6d 6f 72 65 20 74', text: 'PAR1. and more t' })
  assert.equal(hexRows(bytes, 16)[1]?.text, 'ext')
})

test('offsets are decimal or hexadecimal, and stay inside of the object', () => {
  assert.equal(parseOffset('100', 1000), 96)
  assert.equal(parseOffset('0x20', 1000), 32)
  assert.equal(parseOffset('99999', 1000), 992)
  assert.equal(parseOffset('5', 0), 0)
  for (const wrong of ['', '-1', '1e3', 'abc']) assert.equal(parseOffset(wrong, 1000), undefined)
})

test('values of all types become one line', () => {
  assert.deepEqual([0, 999, 1234, 2_400_000, 2 ** 31].map(format.size), ['0 B', '999 B', '1.23 KB', '2.40 MB', '2.15 GB'])
  const values = [null, 1.23456789, 12n, true, 'a', new Date(0), new Date(Number.NaN), new Uint8Array([1, 255]), { a: [1n] }]
  assert.deepEqual(values.map(format.value), ['', '1.23457', '12', 'true', 'a', '1970-01-01 00:00:00.000', 'invalid date', '01 ff', '{"a":["1"]}'])
  assert.equal(format.counted(1, 'chunk'), '1 chunk')
  assert.ok(new Problem('a') instanceof Error)
})
