/** The configuration: layers, the environment, what is put into strings, and every way to get it wrong. */
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import fc from 'fast-check'
import Joi from 'joi'
import { checkSection, didYouMean, loadConfig } from '../core/config.ts'
import { createKernel } from '../core/kernel.ts'
import type { ConfigDocument, LoadedConfig } from '../core/config.ts'
import { StartupError } from '../core/index.ts'
import { ensureSecretKey } from '../core/secret-key.ts'
import { serverConfig } from '../core/server-config.ts'

interface Setting { readonly files?: Record<string, string>; readonly env?: Record<string, string>; readonly layers?: readonly object[] }
/** Loads from a folder of its own. `default.yaml` lies in `shipped/`, everything else where its name says. */
const load = async (t: ExecutionContext, { files = {}, env = {}, layers = [] }: Setting): Promise<LoadedConfig & { readonly root: string }> => {
  const root = await mkdtemp(join(tmpdir(), 'mortise-config-'))
  t.teardown(() => rm(root, { recursive: true, force: true }))
  for (const [name, text] of Object.entries<string>({ 'shipped/default.yaml': '', ...files })) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  const config = await loadConfig({ root, env, layers, builtinConfig: pathToFileURL(`${root}/shipped/`) })
  return { ...config, root }
}
const messages = (config: LoadedConfig): string[] => config.problems.map(({ path, message, origin }) => `${path}: ${message}${origin ? ` @${origin}` : ''}`)

test('default < profile < MORTISE_CONFIG < memory < environment, and each value knows where it comes from', async (t) => {
  const say = (...names: string[]): string => `server:\n${names.map((name) => `  ${name}: said`).join('\n')}\n`
  const config = await load(t, {
    files: {
      'shipped/default.yaml': say('a', 'b', 'c', 'd', 'host'), 'shipped/mine.yaml': 'server: {a: lost}', 'config/mine.yaml': say('b', 'c', 'd', 'host').replaceAll('said', 'profile'),
      'elsewhere/own.yaml': `# one\n${say('c', 'd', 'host').replaceAll('said', 'own')}`,
    },
    env: { MORTISE_PROFILE: 'mine', MORTISE_CONFIG: 'elsewhere/own.yaml', HOST: 'env' },
    layers: [{ server: { d: 'memory', host: 'memory' } }],
  })
  t.deepEqual(config.document.server, { a: 'said', b: 'profile', c: 'own', d: 'memory', host: 'env' })
  t.deepEqual(config.problems, [])
  const origins = ['a', 'b', 'c', 'host'].map((name) => config.origin(['server', name]))
  t.deepEqual(origins, ['shipped/default.yaml:2', 'config/mine.yaml:2', 'elsewhere/own.yaml:3', 'environment HOST'])
  t.is(config.origin(['server', 'd']), 'memory')
  t.is(config.origin(['plugins', 'x']), undefined)
  t.is(config.folder(['server', 'c']), join(config.root, 'elsewhere'))
  t.is(config.folder(['server', 'host']), config.root)
  t.is(config.folder(['plugins', 'x']), config.root)
  const shipped = await load(t, { files: { 'shipped/mine.yaml': 'server: {a: found}' }, env: { MORTISE_PROFILE: 'mine' } })
  t.is(shipped.document.server['a'], 'found')
  t.is(shipped.origin(['server', 'unsaid']), 'shipped/mine.yaml:1', 'what is missing is reported where it belongs')
})

test('a port is said anew as a whole, elsewhere objects merge, null removes, an empty value enables', async (t) => {
  const { document } = await load(t, {
    files: {
      'shipped/default.yaml': `
plugins:
  on:
  off:
  merged: {a: 1, deep: {x: 1, y: 1}, list: [1, 2]}
adapters:
  cache: {memory: {size: 1}}
  queue: {embedded: {}}
  many: {a: , b: , c: }
  kept: {k: {x: 1}}
  unsaid: {z: }
provision: {p: 1}
`,
      'own.yaml': `
plugins:
  off: null
  merged: {a: null, deep: {y: 2, z: 2}, list: [3]}
  new:
adapters:
  cache: {none: }
  queue: null
  many: {c: , a: null, d: {gone: null, x: 1}}
  unsaid: {}
`,
    },
    env: { MORTISE_CONFIG: 'own.yaml' },
  })
  t.deepEqual(document.plugins, { on: {}, merged: { deep: { x: 1, y: 2, z: 2 }, list: [3] }, new: {} })
  t.deepEqual(document.adapters, { cache: { none: {} }, many: { c: {}, a: {}, d: { x: 1 } }, kept: { k: { x: 1 } } })
  t.deepEqual(Object.keys(document.adapters['many'] ?? {}), ['c', 'a', 'd'], 'in the order of the layer that said it')
  t.deepEqual(document.provision, { p: 1 })
})

test('variables and files go into string values, never into the text, once', async (t) => {
  const config = await load(t, {
    files: {
      'shipped/default.yaml': '',
      'conf/own.yaml': `
server:
  plain: '\${A}'
  amid: 'x-\${A}-\${B:-b}-\${EMPTY:-e}|\${EMPTY}'
  fallback: '\${NONE:-http://h:1/?a=:-}'
  none: '\${NONE:-}'
  escaped: '$\${A} $5 $A'
  structure: '\${YAML}'
  again: '\${NESTED}'
  relative: file:secret.txt
  joined: 'file:\${DIR}/secret.txt'
  list: ['\${A}', {x: '\${A}'}]
  number: 5
  \${A}: key
`,
      'conf/secret.txt': '  from the file \${A}\n\n',
    },
    env: { MORTISE_CONFIG: 'conf/own.yaml', A: 'a', EMPTY: '', YAML: "x'\nserver: {evil: true}", NESTED: '${A}', DIR: '.', PUBLIC_URL: 'http://${A}', SECRET_KEY: 'file:conf/secret.txt' },
  })
  t.deepEqual(config.problems, [])
  t.deepEqual(config.document.server, {
    plain: 'a', amid: 'x-a-b-e|', fallback: 'http://h:1/?a=:-', none: '', escaped: '${A} $5 $A', structure: "x'\nserver: {evil: true}", again: '${A}',
    relative: 'from the file ${A}', joined: 'from the file ${A}', list: ['a', { x: 'a' }], number: 5, '${A}': 'key',
    publicUrl: 'http://${A}', secretKey: 'from the file ${A}',
  })
  const absolute = await load(t, { files: { 's.txt': 'kept' }, layers: [{ server: { a: `file:${config.root}/conf/secret.txt`, b: pathToFileURL(`${config.root}/conf/secret.txt`).href } }] })
  t.deepEqual(absolute.document.server, { a: 'from the file ${A}', b: 'from the file ${A}' })
})

test('what cannot be put in is a problem that names the variable, the place and the origin', async (t) => {
  const config = await load(t, {
    files: { 'own.yaml': "plugins:\n  x:\n    a: '${GONE}'\n    b: ['${also gone}', {c: 'file:none.txt'}]\nadapters: {p: {i: {u: 'http://${GONE}/'}}}" },
    env: { MORTISE_CONFIG: 'own.yaml' }, layers: [{ server: { hidden: '${OVERRIDDEN}', port: '${OVERRIDDEN}' } }, { server: { hidden: null, port: 1 } }],
  })
  t.like(config.problems, { 0: { path: 'plugins.x.a', message: 'the environment has no GONE', origin: 'own.yaml:3', fix: 'Set GONE, or write ${GONE:-default}.' }, length: 4 })
  t.deepEqual(config.problems.map(({ path }) => path), ['plugins.x.a', 'plugins.x.b[0]', 'plugins.x.b[1].c', 'adapters.p.i.u'])
  t.regex(messages(config)[2] ?? '', /file cannot be read.*@own\.yaml:4$/)
  const { problems } = checkSection(Joi.object({ a: Joi.string().uri() }), { a: '${GONE}' }, ['plugins', 'x'], config)
  t.deepEqual(problems, [], 'what is known to be wrong is not reported twice')
})

test('the plain environment', async (t) => {
  const env = {
    HOST: 'h', PORT: '1', DATA_DIR: 'd', SECRET_KEY: 's', KEY_PEPPER: 'k', PUBLIC_URL: 'p', CONSOLE_WEB_URL: 'c', COOKIE_DOMAIN: 'cd',
    TRUSTED_PROXIES: '10.0.0.0/8, 127.0.0.1,', MORTISE_BOOTSTRAP: 'false', LOG_LEVEL: 'debug', DATABASE_URL: 'postgres://h/d',
  }
  const { document, origin } = await load(t, { env, layers: [{ adapters: { database: { embedded: {} } } }] })
  t.deepEqual(document.server, {
    host: 'h', port: '1', dataDir: 'd', secretKey: 's', keyPepper: 'k', publicUrl: 'p', consoleWebUrl: 'c', cookieDomain: 'cd', trustedProxies: ['10.0.0.0/8', '127.0.0.1'], bootstrap: 'false',
  })
  t.deepEqual(document.adapters, { database: { postgres: { url: 'postgres://h/d' } }, logger: { pino: { level: 'debug' } } })
  t.is(origin(['adapters', 'database']), 'environment DATABASE_URL')
  t.is(origin(['adapters', 'logger', 'pino', 'level']), 'environment LOG_LEVEL')
  const kept = await load(t, { env, layers: [{ adapters: { database: { postgres: { url: 'x', pool: 9 } }, logger: { acme: { level: 'info', file: 'f' } } } }] })
  t.deepEqual(kept.document.adapters, { database: { postgres: { url: 'postgres://h/d', pool: 9 } }, logger: { acme: { level: 'debug', file: 'f' } } }, 'options of the same adapter stay')
  const unset = await load(t, { env: Object.fromEntries(Object.keys(env).map((name) => [name, ''])), layers: [{ server: { port: 5 } }] })
  t.deepEqual(unset.document, { plugins: {}, adapters: {}, server: { port: 5 }, provision: {} }, 'an empty variable is not set')
})

test('REDIS_URL is for every port that Redis can serve, where the files do not say otherwise', async (t) => {
  const adapters = async (said: object) => (await load(t, { env: { REDIS_URL: 'redis://r' }, layers: [{ adapters: said as never }] })).document.adapters
  const all = { cache: { layered: { redis: 'redis://r' } }, queue: { bull: { redis: 'redis://r' } }, signal: { redis: { url: 'redis://r' } }, rateLimiter: { redis: { url: 'redis://r' } }, runEvents: { redis: { url: 'redis://r' } } }
  t.deepEqual(await adapters({}), all)
  t.deepEqual(await adapters({ cache: { redis: { prefix: 'x' } } }), { ...all, cache: { redis: { prefix: 'x', url: 'redis://r' } } })
  t.deepEqual(await adapters({ cache: { none: null }, queue: { embedded: { poll: 9 } } }), { ...all, cache: { none: {} }, queue: { embedded: { poll: 9 } } })
  t.deepEqual(await adapters({ queue: { bull: { redis: 'redis://other', lease: 9 } } }), { ...all, queue: { bull: { redis: 'redis://r', lease: 9 } } })
})

test('files that are wrong', async (t) => {
  const wrong = async (text: string): Promise<string[]> => messages(await load(t, { files: { 'own.yaml': text }, env: { MORTISE_CONFIG: 'own.yaml' } }))
  t.regex((await wrong('plugins:\n  a: 1\n  b: [')).join(), /@own\.yaml:3/)
  t.regex((await wrong('plugins:\n  a: {x: 1}\n  b: 1\n  a: {x: 2}')).join(), /unique.*@own\.yaml:4/)
  t.regex((await wrong('server: 1\n---\nserver: 2')).join(), /own\.yaml:/)
  t.deepEqual(await wrong('plugins:\n  a:\n    __proto__: {polluted: true}'), ['plugins.a.__proto__: may not be used as a key @own.yaml:3'])
  t.deepEqual(await wrong('server: {a: [{constructor: {prototype: {x: 1}}}]}'), [
    'server.a[0].constructor: may not be used as a key @own.yaml:1', 'server.a[0].constructor.prototype: may not be used as a key @own.yaml:1',
  ])
  t.is(({} as Record<string, unknown>)['polluted'], undefined)
  t.deepEqual(await wrong('plugin: {a: 1}'), ['plugin: is not known here @own.yaml:1'])
  t.deepEqual(await wrong('plugins: [a]\nadapters:\n  database: postgres\n  cache: {memory: big}\nserver: 5'), [
    'plugins: must be a mapping: names with values below them @own.yaml:1', 'adapters.database: must be a mapping: names with values below them @own.yaml:3',
    'adapters.cache.memory: must be a mapping: names with values below them @own.yaml:4', 'server: must be a mapping: names with values below them @own.yaml:5',
  ])
  for (const text of ['- plugins', 'plugins', '5']) t.deepEqual(await wrong(text), [': must be a mapping: names with values below them @own.yaml'])
  t.deepEqual(await wrong('# nothing'), [])
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdef'[index] ?? ''}`).join()}]`).join('\n')}`
  const started = Date.now()
  await t.throwsAsync(wrong(bomb), { instanceOf: StartupError, message: /own\.yaml: cannot be read.*alias/i })
  t.true(Date.now() - started < 2000)
  await t.throwsAsync(load(t, { env: { MORTISE_CONFIG: 'none.yaml' } }), { instanceOf: StartupError, message: /none\.yaml: cannot be read/ })
  await t.throwsAsync(load(t, { files: { 'config/test.yaml': '' }, env: { MORTISE_PROFILE: 'tset' } }), { instanceOf: StartupError, message: /no tset\.yaml in .*config.*There are: test, default\./s })
})

test('a section is checked as a whole: where, what, what instead, and no values', async (t) => {
  const schema = Joi.object({
    limit: Joi.number().required(), size: Joi.number().max(3), mode: Joi.string().valid('strict', 'loose'), secret: Joi.string().pattern(/^[a-z]+$/),
    url: Joi.string().pattern(/[?#]/, { name: 'options', invert: true }), word: Joi.string().pattern(/\d/, { invert: true }),
    nested: Joi.object({ timeout: Joi.number() }), list: Joi.array().items(Joi.object({ weight: Joi.number() })), on: Joi.boolean().default(true),
  })
  const config = await load(t, { files: { 'own.yaml': 'plugins:\n  acme:\n    size: 9\n    limits: 1\n    list:\n      - weight: 1\n      - wieght: 1' }, env: { MORTISE_CONFIG: 'own.yaml' } })
  const { problems } = checkSection(schema, { ...config.document.plugins['acme'], mode: 'stric', secret: 'HUNTER2', url: 'smtp://me:HUNTER2@host?x', word: 'HUNTER2', nested: { timeuot: 5 }, $optinal: true }, ['plugins', 'acme'], config)
  const found = new Map(problems.map((problem) => [problem.path, problem]))
  t.deepEqual([...found.keys()].sort(), ['$optinal', 'limit', 'limits', 'list[1].wieght', 'mode', 'nested.timeuot', 'secret', 'size', 'url', 'word'].map((name) => `plugins.acme.${name}`))
  t.like(found.get('plugins.acme.limit'), { message: 'is missing', origin: 'own.yaml:2' })
  t.deepEqual(found.get('plugins.acme.limits'), { path: 'plugins.acme.limits', message: 'is not known here', fix: 'did you mean "limit"? allowed here: limit, size, mode, secret, url, word, nested, list, on', origin: 'own.yaml:4' })
  t.like(found.get('plugins.acme.list[1].wieght'), { fix: 'did you mean "weight"? allowed here: weight', origin: 'own.yaml:7' })
  t.like(found.get('plugins.acme.mode'), { message: 'must be one of [strict, loose]', fix: 'did you mean "strict"?' })
  t.like(found.get('plugins.acme.nested.timeuot'), { fix: 'did you mean "timeout"? allowed here: timeout' })
  t.like(found.get('plugins.acme.$optinal'), { message: 'is not known here', fix: 'did you mean "$optional"?' })
  t.notRegex(JSON.stringify(problems), /HUNTER2/)

  const good = checkSection(schema, { limit: '5', on: 'false', $optional: true }, ['plugins', 'acme'], config)
  t.deepEqual(good, { value: { limit: 5, on: false }, problems: [] }, 'strings from the environment become what the schema says; `$` keys stay outside')
  t.deepEqual(checkSection(undefined, {}, ['plugins', 'x'], config), { value: {}, problems: [] } as never)
  t.like(checkSection(undefined, { a: 1 }, ['plugins', 'x'], config).problems, { 0: { path: 'plugins.x.a', fix: 'nothing may be set here' }, length: 1 })
  t.is(checkSection(Joi.object({}), { $adapter: 'x' }, ['adapters', 'p', 'i'], config).problems.length, 0)
  t.is(checkSection(Joi.object({}), { $adapter: 'x' }, ['plugins', 'p'], config).problems.length, 1)
  t.is(checkSection(Joi.object({}), { $x: 'x' }, ['server'], config).problems.length, 1)
})

test('words that are near', (t) => {
  t.is(didYouMean('chace', ['queue', 'cache']), 'did you mean "cache"?')
  t.is(didYouMean('Cache', ['cache']), 'did you mean "cache"?')
  t.is(didYouMean('apikeys', ['api-keys', 'auth']), 'did you mean "api-keys"?')
  for (const [word, known] of [['x', []], ['postgres', ['cache', 'queue']], ['cache', ['cache']]] as const) t.is(didYouMean(word, known), undefined)
})

test('law: text without marks stays as it is, a layer said twice is said once, and nothing is polluted', async (t) => {
  const key = fc.oneof(fc.stringMatching(/^[a-z]{1,8}$/), fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '$', '1'))
  const { tree } = fc.letrec((tie) => ({
    leaf: fc.oneof(fc.string(), fc.integer(), fc.boolean()),
    tree: fc.dictionary(key, fc.oneof({ maxDepth: 3 }, tie('leaf'), tie('tree'), fc.array(tie('leaf'), { maxLength: 3 })), { maxKeys: 4 }),
  }))
  await fc.assert(fc.asyncProperty(tree, async (server) => {
    const layer = { server } as Partial<ConfigDocument>
    const options = { root: '.', env: {}, builtinConfig: new URL('../config/', import.meta.url) }
    const once = await loadConfig({ ...options, layers: [layer] })
    const twice = await loadConfig({ ...options, layers: [layer, layer] })
    t.deepEqual(twice.document, once.document)
    if (!/\$\{|"file:|__proto__|constructor/.test(JSON.stringify(server))) t.deepEqual(once.document.server, JSON.parse(JSON.stringify(server)))
    t.is(Object.getPrototypeOf(once.document.server), Object.prototype)
  }), { numRuns: 60 })
  t.deepEqual(Object.keys(Object.prototype), [])
})

test('a secret key is made once, whoever comes first, and is for its user alone', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mortise-key-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const dataDir = join(folder, 'new', 'data')
  const keys = await Promise.all(Array.from({ length: 16 }, () => ensureSecretKey(dataDir)))
  const [key = ''] = keys
  t.deepEqual([...new Set(keys)], [key])
  t.is(Buffer.from(key, 'base64').length, 42)
  t.is(await ensureSecretKey(dataDir), key)
  t.deepEqual(await readdir(dataDir), ['secret-key'], 'no drafts are left')
  t.is((await stat(join(dataDir, 'secret-key'))).mode & 0o777, 0o600)
  t.is((await readFile(join(dataDir, 'secret-key'), 'utf8')).trim(), key)
  await writeFile(join(dataDir, 'secret-key'), 'torn')
  await t.throwsAsync(ensureSecretKey(dataDir), { instanceOf: StartupError, message: /damaged/ })
  await t.throwsAsync(ensureSecretKey(join(dataDir, 'secret-key')), { instanceOf: StartupError, message: /cannot be kept at/ })
})

test('keys that everybody knows or can guess are refused', (t) => {
  const refused = (key: string): boolean => ['secretKey', 'keyPepper'].every((name) => serverConfig.schema.validate({ [name]: key }).error !== undefined)
  for (const key of ['short', 'x'.repeat(64), 'abcdef'.repeat(8), 'please-change-me-please-change-me-now', 'sk-9f73s3ljTXVcMT3Blb3ljTqtsKiGHXVcMT3BlbkFJLK7U']) t.true(refused(key), key)
  t.false(refused('SmJbqe1y6qT84dBCDiQVlEOBj3CZ1QMTVDD5bDGlc0XHnEIKgvGOQfUS'))
})

test('what the server could not live by is refused with the configuration', (t) => {
  const wrong = (values: object): boolean => serverConfig.schema.validate(values).error !== undefined
  for (const proxy of ['0.0.0.0/0', '::/0', 'v1.x', '10.0.0.0/33', 'example.org', '']) t.true(wrong({ trustedProxies: [proxy] }), proxy)
  t.false(wrong({ trustedProxies: ['10.0.0.0/8', '127.0.0.1', 'fd00::/8'] }))
  t.true(wrong({ drainMs: 90_000 }), 'the steps of a stop have a minute each')
})

test('the profiles that come with the server are right, and say what they need', async (t) => {
  const kernel = (env: Record<string, string>) => createKernel({ root: new URL('..', import.meta.url).pathname, env: { SECRET_KEY: '0123456789abcdefghijklmnopqrstuvwxyz', ...env } })
  const needs = { DATABASE_URL: 'postgres://h/d', REDIS_URL: 'redis://h', S3_BUCKET: 'bucket' }
  const adapters = async (profile: string): Promise<Record<string, string>> =>
    Object.fromEntries((await kernel({ MORTISE_PROFILE: profile, ...needs })).catalogue.adapters.map(({ port, adapter }) => [port, adapter]))
  t.like(await adapters('replicas'), { database: 'postgres', cache: 'layered', queue: 'bull', signal: 'redis', runEvents: 'redis', storage: 's3' })
  t.like(await adapters('server'), { database: 'postgres', cache: 'memory', queue: 'embedded', storage: 'local' })
  const { message } = await t.throwsAsync(kernel({ MORTISE_PROFILE: 'replicas' }))
  for (const name of Object.keys(needs)) t.regex(message, new RegExp(`has no ${name} `))
})
