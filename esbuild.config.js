/**
 * The JavaScript of what is delivered: `node esbuild.config.js [FOLDER]` writes `dist` there. A file for whatever is found by its name (entries of the
 * package, plugins, migrations, threads), and chunks of what these share, so that each module is there once. Every file that a start has to
 * find, read and compile costs it a millisecond: this leaves 50 of 700, and of the packages that each start needs little but sequelize.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { build } from 'esbuild'

const root = import.meta.dirname
const outdir = resolve(process.argv[2] ?? root, 'dist')
const ENTRY = /^(core\/(bin|index|testing)|plugins\/[^/]+\/(index|ports|contracts\/index)|plugins\/.*(thread|pglite-worker)|migrations\/.*)\.ts$/
const sources = ['core', 'plugins', 'migrations'].flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => `${folder}/${file}`))

/** These stay packages: what is loaded when it is needed or has files of its own, and sequelize, of which whoever defines models has to have the same copy. */
const external = [
  '@ai-sdk/*', '@aws-sdk/*', '@electric-sql/*', '@energetic-ai/*', '@modelcontextprotocol/*', '@node-rs/*', '@orama/*', 'bull', 'ioredis', 'mammoth', 'nodemailer', 'pg-native', 'sequelize',
  'umzug', 'undici', 'unpdf',
]

/** A module finds what lies beside it, in whichever file it ends up. */
const inPlace = {
  name: 'in-place',
  setup: ({ onLoad }) => onLoad({ filter: /(core|plugins)\/.*\.ts$/ }, ({ path }) => {
    const own = relative(root, path).replace(/ts$/, 'js')
    return { loader: 'ts', contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', `import.meta.url.replace(/(?<=.*\\/dist\\/).*/, '${own}')`) }
  }),
}

const { metafile } = await build({
  absWorkingDir: root, entryPoints: sources.filter((file) => ENTRY.test(file)), outbase: root, outdir, chunkNames: 'chunks/[hash]',
  bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20.19', external, plugins: [inPlace], metafile: true, logLevel: 'warning',
  // What is shorter is sooner compiled. Names stay, which are read in logs; what licences there are, the file below has.
  minifyWhitespace: true, minifySyntax: true, legalComments: 'none',
  // The whole of awilix can look for modules in folders, which nobody wants here.
  alias: { awilix: 'awilix/browser' },
  // As later versions of Node say it. Where it is not said, pg finds out by means of fetch, which has to be loaded for it.
  define: { navigator: '{"userAgent":"Node.js"}' },
  // Packages that know nothing of modules ask for those of Node.
  banner: { js: "import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(import.meta.url)" },
})

const packages = new Set(Object.keys(metafile.inputs).flatMap((file) => /.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []))
const notices = [...packages].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  const file = readdirSync(join(root, folder)).find((one) => /^licen[cs]e/i.test(one))
  return `${name} ${version} (${license ?? 'see below'})\n\n${file ? readFileSync(join(root, folder, file), 'utf8').trim() : ''}\n`
})
writeFileSync(join(outdir, 'LICENSES.txt'), `What these files have of others:\n\n${notices.join('\n\n')}`)
