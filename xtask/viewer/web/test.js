// Compiles the tests and runs them: Node 20 does not run TypeScript.

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { build } from 'esbuild'

const tests = readdirSync('tests').filter((name) => name.endsWith('.test.ts'))
await build({
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
  entryPoints: tests.map((name) => `tests/${name}`),
  outdir: 'build',
  outExtension: { '.js': '.mjs' },
  external: ['numcodecs/*'],
  nodePaths: ['node_modules'],
})
const files = tests.map((name) => `build/${name.replace(/\.ts$/, '.mjs')}`)
process.exit(spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit' }).status ?? 1)
