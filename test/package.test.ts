/** What others build on: the package's entries, plugins by path and by package name, and the plugin that `mortise new plugin` makes. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import ts from 'typescript'
import { cache } from '../core/index.ts'
import { StartupError } from '../core/errors.ts'
import { createKernel } from '../core/kernel.ts'
import { newPlugin } from '../core/new-plugin.ts'
import { testApp } from '../core/testing.ts'

const project = fileURLToPath(new URL('..', import.meta.url))
const readJson = async (path: string): Promise<any> => JSON.parse(await readFile(path, 'utf8'))

const folder = async (t: ExecutionContext, files: Record<string, string> = {}): Promise<string> => {
  const root = await mkdtemp(join(tmpdir(), 'mortise-package-'))
  t.teardown(() => rm(root, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  return root
}

test('every entry of the package has a source, and whoever has contracts exports them', async (t) => {
  const { exports: entries, bin } = await readJson(join(project, 'package.json'))
  const source = (target: string): string => target.replace(/^\.\/dist\//, '').replace(/(\.d\.ts|\.js)$/, '.ts')
  const plugins = await readdir(join(project, 'plugins'))
  t.deepEqual(Object.keys(entries), ['.', './testing', './contracts', './contracts/*', './plugins/*', './package.json'])
  for (const [name, targets] of Object.entries<any>(entries)) {
    if (typeof targets === 'string') { t.true(existsSync(join(project, targets))); continue }
    t.deepEqual(Object.keys(targets), ['types', 'default'], 'the first that fits is taken, so types come first')
    t.is(source(targets.types), source(targets.default))
    const found = plugins.filter((plugin) => existsSync(join(project, source(targets.default).replace('*', plugin))))
    t.true(found.length > 0, name)
    if (name === './contracts/*') t.deepEqual(found, plugins.filter((plugin) => existsSync(join(project, 'plugins', plugin, 'contracts'))))
  }
  t.true(existsSync(join(project, source(bin.mortise))))
})

test('what is built has every entry, and a file for each thread', async (t) => {
  const cache = join(project, 'node_modules/.cache/mortise')
  await mkdir(cache, { recursive: true })
  // It lies where packages are found from.
  const root = await mkdtemp(join(cache, 'built-'))
  t.teardown(() => rm(root, { recursive: true, force: true }))
  await promisify(execFile)(process.execPath, [join(project, 'esbuild.config.js'), root])

  const built = (source: string): string => join(root, 'dist', source.replace(/ts$/, 'js'))
  const folders = await Promise.all(['core', 'plugins', 'migrations'].map(async (one) => (await readdir(join(project, one), { recursive: true })).map((file) => `${one}/${file}`)))
  const files = folders.flat().filter((file) => file.endsWith('.ts'))
  const entries = files.filter((file) => /^(core\/(bin|index|testing)|plugins\/[^/]+\/(index|ports|contracts\/index)|migrations\/[^/]+)\.ts$/.test(file))
  const threads = await Promise.all(files.map(async (file) => [file, /new URL\(`(\S+)\$\{import\.meta\.url\.slice\(-3\)\}`/.exec(await readFile(join(project, file), 'utf8'))?.[1]] as const))
  const needed = [...entries, ...threads.flatMap(([file, thread]) => thread === undefined ? [] : [join(dirname(file), `${thread}.ts`)])]
  t.true(needed.includes('plugins/platform/services/pglite-worker.ts') && needed.includes('plugins/datasets/extraction/thread.ts'))
  t.deepEqual(needed.filter((file) => !existsSync(built(file))), [])
  t.regex(await readFile(join(root, 'dist/LICENSES.txt'), 'utf8'), /^koa 3[^]*MIT/m, 'what is in it of others keeps their notices')

  // Two entries that share a module have the same instance of it, and its names are those of the sources.
  const [kernel, testing, auth] = await Promise.all(['core/index.ts', 'core/testing.ts', 'plugins/auth/index.ts'].map(async (file) => await import(built(file)) as Record<string, any>))
  const { HttpError } = kernel ?? {}
  t.is(HttpError.name, 'HttpError')
  t.is(auth?.['default'].name, 'auth')
  t.is(typeof testing?.['testApp'], 'function')
  t.true(kernel?.['errors'].notFound('x') instanceof HttpError)
})

/** Stands for an installed copy: the sources under the names that the package exports. */
const install = async (into: string): Promise<void> => {
  const place = join(into, 'node_modules/mortise')
  await mkdir(place, { recursive: true })
  await writeFile(join(place, 'package.json'), JSON.stringify({ name: 'mortise', type: 'module', exports: { '.': './index.js', './testing': './testing.js' } }))
  for (const entry of ['index', 'testing']) await writeFile(join(place, `${entry}.js`), `export * from ${JSON.stringify(join(project, 'core', `${entry}.ts`))}`)
}

test('a new plugin is complete, type-checks and answers', async (t) => {
  const root = await folder(t)
  const made = await newPlugin('@acme/thing', root)
  t.is(made, join(root, 'thing'))
  t.deepEqual((await readdir(made)).sort(), ['.gitignore', 'README.md', 'index.test.ts', 'index.ts', 'mortise.yaml', 'package.json', 'tsconfig.json'])
  for (const file of await readdir(made)) t.notRegex(await readFile(join(made, file), 'utf8'), /\{\{|\}\}/, file)
  const [own, ours] = [await readJson(join(made, 'package.json')), await readJson(join(project, 'package.json'))]
  const { mortise, ...tools } = own.devDependencies
  t.like(own, { name: '@acme/thing', peerDependencies: { mortise: `^${ours.version as string}` } })
  t.is(join(made, mortise.replace('file:', '')) + '/', project, 'of a checkout it is the checkout')
  t.like({ ...ours.dependencies, ...ours.devDependencies }, tools, 'the tools are pinned to the versions that we use')

  const config = ts.parseJsonConfigFileContent(await readJson(join(made, 'tsconfig.json')), ts.sys, made).options
  const check = (): string[] => ts.getPreEmitDiagnostics(ts.createProgram([join(made, 'index.ts'), join(made, 'index.test.ts')], {
    ...config, noEmit: true, rootDir: '/', typeRoots: [join(project, 'node_modules/@types')], paths: { mortise: [join(project, 'core/index.ts')], 'mortise/testing': [join(project, 'core/testing.ts')], 'mortise/contracts': [join(project, 'plugins/platform/contracts/index.ts')] },
  })).filter(({ file }) => file?.fileName.startsWith(made) ?? true).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
  t.deepEqual(check(), [])
  const tests = await readFile(join(made, 'index.test.ts'), 'utf8')
  await writeFile(join(made, 'index.test.ts'), tests.replace(/^import \{ testApp \}.*\n/m, '').replace(/^\/\/ (import|testPort)/gm, '$1').replace('{ testPort }', '{ testApp, testPort }'))
  t.deepEqual(check(), [], 'what stands in comments is right too')
  const index = await readFile(join(made, 'index.ts'), 'utf8')
  await writeFile(join(made, 'index.ts'), index.replace('text: deps.greeter', 'txt: deps.greeter'))
  t.regex(check().join(), /'\{ txt: string; \}' is not assignable/, 'a reply of another shape is noticed')
  await writeFile(join(made, 'index.ts'), index)

  await install(made)
  const app = await testApp({ config: { plugins: { [join(made, 'index.ts')]: { greeting: 'Moin' } } } })
  t.teardown(() => app.close())
  t.deepEqual(await (await app.fetch('/greetings/Ada')).json(), { text: 'Moin, Ada!' })
  t.is((await app.fetch(`/greetings/${'a'.repeat(101)}`)).status, 404)
  t.true(app.kernel.catalogue.plugins.some(({ name }) => name === '@acme/thing'))
})

test('a name that cannot be is refused, and what is there is left alone', async (t) => {
  const root = await folder(t, { 'thing/own.txt': 'mine', file: '' })
  for (const name of ['', 'Thing', '../thing', '@acme', '@acme/', '@acme/a/b', '.x', 'a b']) await t.throwsAsync(newPlugin(name, root), { instanceOf: StartupError, message: /is no name for a plugin\n {4}Take small letters/ }, name)
  for (const name of ['datasets', 'kernel', 'mortise']) await t.throwsAsync(newPlugin(name, root), { message: /is taken by the server itself\n {4}Take another, such as "@acme\// })
  for (const name of ['thing', '@acme/thing', 'file']) await t.throwsAsync(newPlugin(name, root), { message: /is there already\n {4}Empty or remove it/ })
  t.deepEqual(await readdir(join(root, 'thing')), ['own.txt'])
  await mkdir(join(root, 'empty'))
  t.is(await newPlugin('empty', root), join(root, 'empty'))
})

/** What the server says of plugins that it cannot load, by their names in the configuration. */
const problemsOf = async (root: string, ...names: string[]): Promise<Record<string, string>> => {
  const layers = [{ plugins: Object.fromEntries(names.map((name) => [name, {}])) }]
  const error = await createKernel({ root, env: { MORTISE_PROFILE: 'test' }, layers }).then(() => undefined, (reason: unknown) => reason)
  const problems = error instanceof StartupError ? error.problems : []
  return Object.fromEntries(problems.map(({ path, message, fix }) => [path.replace('plugins.', ''), `${message}\n${fix ?? ''}`]))
}

test('a plugin that is not there, and one that is there and fails, are two things', async (t) => {
  const root = await folder(t, {
    'package.json': '{"type": "module"}', 'lib/empty.txt': '',
    'imports.js': "import 'nonesuch'", 'relative.js': "import './inner/gone.js'", 'deep.js': "import './inner/throws.js'",
    'inner/throws.js': "\n\nthrow new Error('no luck\\nat all')", 'says.js': "throw 'a word'", 'syntax.js': 'const a = = 1', 'name.js': "import { b } from './syntax-free.js'", 'syntax-free.js': 'export const a = 1',
    // What Node says where no loader reads TypeScript; the check of the package meets the real one.
    'unread.js': "throw Object.assign(new TypeError('Unknown file extension \".ts\" for /x/y.ts'), { code: 'ERR_UNKNOWN_FILE_EXTENSION' })",
    'node_modules/unbuilt/package.json': '{"type": "module", "exports": {"import": "./dist/index.js"}}',
  })
  const found = await problemsOf(root, './gone.ts', './lib', '@acme/nonesuch', 'dataset', 'unbuilt',
    './imports.js', './relative.js', './deep.js', './says.js', './syntax.js', './name.js', './unread.js')
  const is = (name: string, ...parts: RegExp[]): void => { for (const part of parts) t.regex(found[name] ?? '', part, name) }
  is('./gone.ts', /cannot be loaded: there is no file .*gone\.ts\n/, /path of a file that begins with \.\//)
  is('./lib', /there is no file .*lib\n/)
  is('@acme/nonesuch', /cannot be loaded: Cannot find package '@acme\/nonesuch'/, /an installed package/)
  is('dataset', /cannot be loaded/, /did you mean "datasets"\?/)
  is('unbuilt', /there is no file .*unbuilt\/dist\/index\.js \(is the package built\?\)/)
  is('./imports.js', /fails while it is imported: Cannot find package 'nonesuch' imported from .*\/imports\.js\n/, /It was found; correct that file, or install what it imports/)
  is('./relative.js', /fails while it is imported: Cannot find module '.*gone\.js' imported from .*\/relative\.js\n/)
  is('./deep.js', /fails while it is imported: .*inner\/throws\.js:3: no luck\n/)
  is('./says.js', /fails while it is imported: .*says\.js: a word\n/)
  is('./syntax.js', /fails while it is imported: .*\/syntax\.js: Unexpected token/)
  is('./name.js', /fails while it is imported: .*name\.js:1: .*does not provide an export named 'b'/)
  is('./unread.js', /fails while it is imported: .*\.ts/, /^TypeScript is read under a loader alone.*NODE_OPTIONS=--import=@oxc-node\/core\/register/m)
})

test('a linked package with a copy of mortise of its own works: ports are found by id', async (t) => {
  const root = await folder(t, {
    'linked/package.json': '{"name": "@acme/linked", "type": "module", "exports": {"import": "./index.ts"}}',
    'linked/index.ts': `
import { cache, defineAdapter, definePlugin, errors, Joi, route } from 'mortise'
const value: string = 'from the other copy'
const fixed = defineAdapter(cache, 'fixed', { create: () => ({ get: async () => value, set: async () => false, seal: async () => {}, drop: async () => {}, generation: async () => '' }) })
const look = route({
  method: 'GET', path: '/look/{key}', surface: 'root', credential: 'none', access: 'public', resource: 'none', summary: 'Looks into the cache',
  params: Joi.object<{ key: string }, true>({ key: Joi.string().required() }), reply: Joi.object({ value: Joi.string().required() }), uses: { cache },
  handle: async ({ params }, deps) => {
    if (params.key === 'gone') throw errors.notFound('It went.')
    return { value: await deps.cache.get(params.key) }
  },
})
export default definePlugin({ name: '@acme/linked', kernel: '^1', adapters: [fixed], routes: [look] })
`,
  })
  const copy = join(root, 'linked/node_modules/mortise')
  await mkdir(join(copy, 'core'), { recursive: true })
  const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, rewriteRelativeImportExtensions: true }
  for (const file of (await readdir(join(project, 'core'))).filter((name) => name.endsWith('.ts'))) {
    await writeFile(join(copy, 'core', file.replace(/ts$/, 'js')), ts.transpileModule(await readFile(join(project, 'core', file), 'utf8'), { compilerOptions }).outputText)
  }
  await symlink(join(project, 'node_modules'), join(copy, 'node_modules'))
  await writeFile(join(copy, 'package.json'), '{"name": "mortise", "type": "module", "exports": "./core/index.js"}')
  await mkdir(join(root, 'deployment/node_modules/@acme'), { recursive: true })
  await symlink(join(root, 'linked'), join(root, 'deployment/node_modules/@acme/linked'))
  const other = await import(join(copy, 'core/index.js')) as { cache: unknown }
  t.not(other.cache, cache, 'it is another copy indeed')

  const kernelOf = (name: string) => createKernel({
    root: join(root, 'deployment'), env: { MORTISE_PROFILE: 'test', SECRET_KEY: 'a secret key that only tests would use' }, layers: [{ plugins: { [name]: {} }, adapters: { cache: { fixed: {} } } }],
  })
  for (const name of ['@acme/linked', './node_modules/@acme/linked/index.ts']) {
    t.like((await kernelOf(name)).catalogue.adapters.find(({ port }) => port === 'cache'), { adapter: 'fixed', plugin: '@acme/linked' })
  }
  const app = await testApp({ config: { plugins: { [join(root, 'deployment/node_modules/@acme/linked/index.ts')]: {} }, adapters: { cache: { fixed: {} } } } })
  t.teardown(() => app.close())
  t.deepEqual(await (await app.fetch('/look/x')).json(), { value: 'from the other copy' })
  t.is(await app.resolve(cache).get('x'), 'from the other copy')
  t.like(await (await app.fetch('/look/gone')).json(), { status: 404, message: 'It went.' }, 'errors of the other copy are errors too')
})
