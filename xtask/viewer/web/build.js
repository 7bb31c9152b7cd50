// Builds the files of the page in ../page, and the client of the API for the console. They are committed: the local stack
// works without Node. With `--check`, changes nothing, and exits with 3 if a file is out of date.

import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { build } from 'esbuild'

// Codecs of zarrita for values that are not pixels, with names for its registry. An array with one of them is refused in words.
const OMITTED_CODECS = { cast_value: 'CastValueCodec', json2: 'JsonCodec', scale_offset: 'ScaleOffsetCodec' }

const withoutOmittedCodecs = {
  name: 'without omitted codecs',
  setup({ onLoad }) {
    onLoad({ filter: /zarrita\/dist\/src\/codecs\/(cast_value|json2|scale_offset)\.js$/ }, ({ path }) => ({
      contents: `export const ${OMITTED_CODECS[basename(path, '.js')]} = undefined`,
    }))
  },
}

const PAGE = '../page'
const CONSOLE_PAGE = '../../local/src/console/page'

const common = {
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  write: false,
  metafile: true,
  outdir: PAGE,
  // The client of the API is outside of this directory, and so would not find its dependency.
  nodePaths: ['node_modules'],
  plugins: [withoutOmittedCodecs],
}

const { outputFiles, metafile } = await build({
  ...common,
  entryPoints: { viewer: 'src/main.ts', decoders: 'src/decoders.ts' },
  // The page has decoders of its own, in the second file. Those of numcodecs are WebAssembly of 1.4 MB, and a content
  // security policy would have to allow it.
  external: ['./decoders.js', 'numcodecs/*'],
})
const files = new Map(outputFiles.map(({ path, text }) => [join(PAGE, basename(path)), text]))
files.set(join(PAGE, 'licenses.txt'), licenses(Object.keys(metafile.inputs)))

const client = await build({ ...common, entryPoints: ['src/console-client.ts'] })
const license = `/*! ${licenses(Object.keys(client.metafile.inputs))}*/\n`
files.set(join(CONSOLE_PAGE, 'packages-client.js'), license + client.outputFiles[0].text)

const isCheck = process.argv.includes('--check')
for (const [path, text] of files) {
  const shown = relative('../../..', path)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
  if (isCheck) {
    console.error(`${shown} is out of date; run \`cargo xtask viewer-page\``)
    process.exitCode = 3
  } else {
    writeFileSync(path, text)
    console.error(`wrote ${shown}`)
  }
}

/** Returns the licenses of the packages that the files contain. */
function licenses(inputs) {
  const packages = inputs.flatMap((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? [])
  const sections = [...new Set(packages)].sort().map((name) => {
    const directory = join('node_modules', name)
    const { version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
    const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file ? readFileSync(join(directory, file), 'utf8').trim() : `License: ${license}`
    return `${name} ${version}\n\n${text}\n`
  })
  return `The page contains these packages.\n\n${sections.join('\n---\n\n')}`
}
