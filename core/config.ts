/**
 * The configuration: YAML files in layers, the environment on top. YAML is parsed first; `${NAME}`, `${NAME:-default}` and `file:` are
 * then put into its string values, never into its text, so that no value can change the structure.
 *
 * An empty value (`auth:`) means "with no settings of its own"; a written `null` removes what an earlier layer said.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { closest, distance } from 'fastest-levenshtein'
import Joi from 'joi'
import { LineCounter, isPair, isScalar, isSeq, parseDocument, visit } from 'yaml'
import type { Scalar } from 'yaml'
import { StartupError } from './errors.ts'
import type { Problem } from './errors.ts'

export interface ConfigDocument {
  plugins: Record<string, Record<string, unknown> | null>
  /** Port → instance → options. */
  adapters: Record<string, Record<string, Record<string, unknown>>>
  server: Record<string, unknown>
  provision: unknown
}
type Path = readonly string[]
export interface LoadedConfig {
  readonly document: ConfigDocument
  /** The document as it was written, before anything was put into its strings. */
  readonly written: Readonly<Record<string, unknown>>
  readonly problems: readonly Problem[]
  /** The directory to which relative paths at this place belong. */
  folder(path: Path): string
  /** Where the value at this place, or what encloses it, was said: `config/default.yaml:12`, `environment PORT`. */
  origin(path: Path): string | undefined
}
export interface LoadOptions {
  /** The folder of the deployment. */
  readonly root: string
  readonly env: NodeJS.ProcessEnv
  /** Laid over the files, under the environment. */
  readonly layers?: readonly Partial<ConfigDocument>[]
  /** Where `default.yaml` and the profiles lie that come with the server. */
  readonly builtinConfig?: URL
}

/** What the plain environment may set, and where. */
const ENVIRONMENT: Readonly<Record<string, readonly Path[]>> = {
  HOST: [['server', 'host']], PORT: [['server', 'port']], DATA_DIR: [['server', 'dataDir']], SECRET_KEY: [['server', 'secretKey']],
  KEY_PEPPER: [['server', 'keyPepper']], KEY_PEPPERS_BEFORE: [['server', 'keyPeppersBefore']], PUBLIC_URL: [['server', 'publicUrl']],
  CONSOLE_WEB_URL: [['server', 'consoleWebUrl']],
  COOKIE_DOMAIN: [['server', 'cookieDomain']], TRUSTED_PROXIES: [['server', 'trustedProxies']], MORTISE_BOOTSTRAP: [['server', 'bootstrap']],
  LOG_LEVEL: [['adapters', 'logger', 'pino', 'level']], DATABASE_URL: [['adapters', 'database', 'postgres', 'url']],
  REDIS_URL: [
    ['adapters', 'cache', 'layered', 'redis'], ['adapters', 'cache', 'redis', 'url'], ['adapters', 'queue', 'bull', 'redis'],
    ['adapters', 'signal', 'redis', 'url'], ['adapters', 'rateLimiter', 'redis', 'url'], ['adapters', 'runEvents', 'redis', 'url'],
  ],
}
const DANGEROUS = new Set(['__proto__', 'constructor', 'prototype'])

type Tree = Record<string, unknown>
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)
const asTree = (value: unknown): Tree => isTree(value) ? value : {}
const mapTree = <T>(tree: Tree, change: (value: unknown, key: string) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, change(value, key)]))

/** What one file, or the environment, says. `origins` are by path. */
interface Layer { readonly values: Tree; readonly folder: string; readonly origins: ReadonlyMap<string, string> }
const pathKey = (path: Path): string => path.join('\0')
const pathsOf = (tree: Tree, path: Path = []): Path[] =>
  Object.entries(tree).flatMap(([key, value]) => [[...path, key], ...isTree(value) ? pathsOf(value, [...path, key]) : []])

const shape = Joi.object({
  plugins: Joi.object().pattern(Joi.string(), Joi.object()),
  adapters: Joi.object().pattern(Joi.string(), Joi.object().pattern(Joi.string(), Joi.object())),
  server: Joi.object(), provision: Joi.any(),
})
const shipped = new URL(import.meta.url.endsWith('.js') ? '../../config/' : '../config/', import.meta.url)

/** Reads all layers. Whatever is wrong is collected in `problems`; it throws only where a file cannot be read at all. */
export const loadConfig = async ({ root, env, layers: inMemory = [], builtinConfig = shipped }: LoadOptions): Promise<LoadedConfig> => {
  const problems: Problem[] = []
  const builtin = resolve(fileURLToPath(builtinConfig))
  const files = [join(builtin, 'default.yaml')]
  if (env['MORTISE_PROFILE']) files.push(findProfile(env['MORTISE_PROFILE'], [join(root, 'config'), builtin]))
  if (env['MORTISE_CONFIG']) files.push(resolve(root, env['MORTISE_CONFIG']))
  const layers: Layer[] = [
    ...await Promise.all(files.map((file) => readLayer(file, root, problems))),
    ...inMemory.map((values) => ({ values, folder: root, origins: new Map(pathsOf(values).map((path) => [pathKey(path), 'memory'])) })),
  ]
  const beneath = layers.reduce<Tree>((under, { values }) => merge(under, values), {})
  const environment = fromEnvironment(env, beneath, root)
  const written = merge(beneath, environment.values)
  const strongestFirst = [environment, ...layers.reverse()]

  const find = (path: Path): { layer: Layer; origin: string } | undefined => {
    for (let length = path.length; length > 0; length--) {
      const key = pathKey(path.slice(0, length))
      const layer = strongestFirst.find(({ origins }) => origins.has(key))
      if (layer) return { layer, origin: layer.origins.get(key) as string }
    }
    return undefined
  }
  const config = { written, problems, folder: (path: Path) => find(path)?.layer.folder ?? root, origin: (path: Path) => find(path)?.origin }
  const filled = mapTree(written, (value, key) => fill(value, [key], env, config))
  const loaded: LoadedConfig = {
    ...config,
    document: {
      plugins: mapTree(asTree(filled['plugins']), asTree), server: asTree(filled['server']), provision: filled['provision'] ?? {},
      adapters: mapTree(asTree(filled['adapters']), (instances) => mapTree(asTree(instances), asTree)),
    },
  }
  problems.push(...checkSection(shape, filled, [], loaded).problems)
  return loaded
}

const findProfile = (name: string, folders: readonly string[]): string => {
  const known = folders.flatMap((folder) => existsSync(folder) ? readdirSync(folder).filter((entry) => entry.endsWith('.yaml')).map((entry) => join(folder, entry)) : [])
  const found = known.find((file) => basename(file, '.yaml') === name)
  if (found) return found
  const fix = `There are: ${[...new Set(known.map((file) => basename(file, '.yaml')))].join(', ')}.`
  throw new StartupError([{ path: 'MORTISE_PROFILE', message: `there is no ${name}.yaml in ${[...new Set(folders)].join(' or ')}`, fix }])
}

const readLayer = async (file: string, root: string, problems: Problem[]): Promise<Layer> => {
  const near = relative(root, file)
  const name = near.startsWith('..') ? file : near
  try {
    const lines = new LineCounter()
    const place = (offset: number): string => `${name}:${lines.linePos(offset).line}`
    const document = parseDocument(await readFile(file, 'utf8'), { lineCounter: lines, prettyErrors: false, stringKeys: true })
    for (const { message, pos } of [...document.errors, ...document.warnings]) problems.push({ path: '', message, origin: place(pos[0]) })
    const origins = new Map<string, string>()
    visit(document, {
      Pair: (_, pair, ancestors) => {
        const path = pathTo([...ancestors, pair])
        const origin = place((pair.key as Scalar).range?.[0] ?? 0)
        origins.set(pathKey(path), origin)
        if (DANGEROUS.has(path.at(-1) ?? '')) problems.push({ path: pathName(path), message: 'may not be used as a key', fix: 'Take another name.', origin })
        if (pair.value === null || isScalar(pair.value) && pair.value.value === null && pair.value.source === '') pair.value = document.createNode({})
      },
    })
    // Aliases may be followed a hundred times, which no honest file needs and a file that explodes exceeds.
    const values: unknown = document.errors.length > 0 ? {} : document.toJS({ maxAliasCount: 100 }) ?? {}
    if (!isTree(values)) problems.push({ path: '', message: WORDS['object.base'], fix: 'Begin with plugins:, adapters: or server:.', origin: name })
    return { values: asTree(values), folder: dirname(file), origins }
  } catch (error) {
    throw new StartupError([{ path: name, message: `cannot be read: ${(error as Error).message}`, fix: 'Correct the path, or the file.' }], { cause: error })
  }
}

/** Keys and indexes on the way from the top of a YAML document to the last of `nodes`. */
export const pathTo = (nodes: readonly unknown[]): string[] => nodes.flatMap((node, index) =>
  isPair<Scalar<string>>(node) ? [node.key.value] : isSeq(node) ? [String(node.items.indexOf(nodes[index + 1]))] : [])

const merge = (under: Tree, over: Tree, path: Path = []): Tree => {
  const merged = { ...under }
  for (const [key, value] of Object.entries(over)) {
    if (DANGEROUS.has(key) || value === undefined) continue
    // A port is said anew as a whole: the options of two adapters must not mix. With no adapter it is as if it was not said.
    const replaces = path.length === 1 && path[0] === 'adapters'
    if (value === null || replaces && isTree(value) && Object.keys(value).length === 0) delete merged[key]
    else if (!isTree(value)) merged[key] = value
    else if (replaces) merged[key] = merge({}, mapTree(value, (options) => options ?? {}))
    else merged[key] = merge(asTree(merged[key]), value, [...path, key])
  }
  return merged
}

const LISTS: ReadonlySet<string> = new Set(['TRUSTED_PROXIES', 'KEY_PEPPERS_BEFORE'])
/** What the plain environment says. An empty variable is one that is not set. */
const fromEnvironment = (env: NodeJS.ProcessEnv, beneath: Tree, folder: string): Layer => {
  const values: Record<string, Tree> = {}
  const origins = new Map<string, string>()
  const put = (name: string, text: string, [section, key, usual, option]: [string, string, string?, string?]): void => {
    if (usual === undefined || option === undefined) {
      ;(values['server'] ??= {})[key] = LISTS.has(name) ? text.split(',').map((part) => part.trim()).filter(Boolean) : text
      origins.set(pathKey([section, key]), `environment ${name}`)
      return
    }
    const instances = asTree(asTree(beneath['adapters'])[key])
    const [named] = Object.keys(instances)
    // A database URL chooses the adapter. A Redis URL does where the files name none, and else is for the one that they name; so is a log level.
    if (name === 'REDIS_URL' && (values['adapters']?.[key] !== undefined || (named !== undefined && named !== usual))) return
    const instance = name === 'LOG_LEVEL' ? named ?? usual : usual
    ;(values['adapters'] ??= {})[key] = { [instance]: { ...asTree(instances[instance]), [option]: text } }
    for (const path of [[key], [key, instance], [key, instance, option]]) origins.set(pathKey([section, ...path]), `environment ${name}`)
  }
  for (const [name, places] of Object.entries(ENVIRONMENT)) {
    const text = env[name]
    if (text) for (const place of places as [string, string, string?, string?][]) put(name, text, place)
  }
  return { values, folder, origins }
}

/** Puts variables and files into the strings below `value`. What the plain environment said is taken as it stands, but for `file:`. */
const fill = (value: unknown, path: Path, env: NodeJS.ProcessEnv, config: Omit<LoadedConfig, 'document'>): unknown => {
  if (Array.isArray(value)) return value.map((item, index) => fill(item, [...path, String(index)], env, config))
  if (isTree(value)) return mapTree(value, (item, key) => fill(item, [...path, key], env, config))
  if (typeof value !== 'string') return value
  const origin = config.origin(path)
  const problem = (message: string, fix: string): void => { (config.problems as Problem[]).push({ path: pathName(path), message, fix, origin }) }
  const text = origin?.startsWith('environment ') ? value : value.replace(/\$?\$\{([^}]*)\}/g, (whole: string, inside: string) => {
    if (whole.startsWith('$$')) return whole.slice(1)
    const [, name, fallback] = /^([A-Za-z_]\w*)(?::-(.*))?$/s.exec(inside) ?? []
    if (name === undefined) problem(`"${whole}" is not understood`, 'Write ${NAME} or ${NAME:-default}; $${ stands for the characters themselves.')
    else if (fallback !== undefined) return env[name] === undefined || env[name] === '' ? fallback : env[name]
    else if (env[name] === undefined) problem(`the environment has no ${name}`, `Set ${name}, or write \${${name}:-default}.`)
    return name === undefined ? whole : env[name] ?? whole
  })
  if (!text.startsWith('file:')) return text
  try {
    return readFileSync(text.startsWith('file://') ? fileURLToPath(text) : resolve(config.folder(path), text.slice(5)), 'utf8').trim()
  } catch (error) {
    problem(`its file cannot be read: ${(error as Error).message}`, 'Make the file, or correct the path.')
    return text
  }
}

const pathName = (path: readonly (string | number)[]): string =>
  path.reduce<string>((name, key) => /^\d+$/.test(String(key)) ? `${name}[${key}]` : name === '' ? String(key) : `${name}.${key}`, '')

/** Says nothing of the values, which may be secrets. */
const WORDS = {
  'object.unknown': 'is not known here', 'any.required': 'is missing', 'object.base': 'must be a mapping: names with values below them',
  'string.pattern.base': 'must match {{#regex}}', 'string.pattern.name': 'must be {{#name}}',
  'string.pattern.invert.base': 'must not match {{#regex}}', 'string.pattern.invert.name': 'must have no {{#name}}',
}
/** The kernel's own keys, by the section in which they may stand. */
const OWN_KEYS: Readonly<Record<string, readonly string[]>> = { plugins: ['$optional'], adapters: ['$adapter'] }

/**
 * Checks one section and reports all that is wrong with it. Keys that begin with `$` are the kernel's: the schema never sees them.
 * Without a schema the section takes no settings.
 */
export const checkSection = <T>(
  schema: Joi.ObjectSchema<T> | undefined, value: unknown, path: Path, config: LoadedConfig,
): { value: T; problems: Problem[] } => {
  const own = Object.keys(asTree(value)).filter((key) => key.startsWith('$'))
  const rest = isTree(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => !own.includes(key))) : value
  const checked = (schema ?? Joi.object({})).validate(rest, { abortEarly: false, errors: { label: false }, messages: WORDS })
  const problems: Problem[] = []
  const report = (at: readonly (string | number)[], message: string, fix: string | undefined): void => {
    const name = pathName([...path, ...at])
    if (config.problems.some((known) => known.path === name)) return
    problems.push({ path: name, message, fix, origin: config.origin([...path, ...at.map(String)]) })
  }
  const ownKeys = OWN_KEYS[path[0] ?? ''] ?? []
  for (const key of own) if (!ownKeys.includes(key)) report([key], 'is not known here', didYouMean(key, ownKeys) ?? 'Keys that begin with $ are the kernel\'s.')
  for (const { type, path: at, message, context } of checked.error?.details ?? []) {
    report(at, message, type === 'object.unknown' ? instead(String(at.at(-1)), keysAt(schema, at.slice(0, -1)))
      : type === 'any.only' ? didYouMean(String(context?.['value']), (context?.['valids'] as unknown[]).map(String))
      : variableFix([...path, ...at.map(String)]))
  }
  return { value: checked.value as T, problems }
}

const instead = (word: string, known: readonly string[]): string => {
  const allowed = known.length > 0 ? `allowed here: ${known.join(', ')}` : 'nothing may be set here'
  return [didYouMean(word, known), allowed].filter(Boolean).join(' ')
}
const variableFix = (path: Path): string | undefined => {
  const variable = Object.keys(ENVIRONMENT).find((name) => ENVIRONMENT[name]?.some((place) => place.join('.') === path.join('.')))
  if (variable === 'SECRET_KEY' || variable === 'KEY_PEPPER') return `Make one (openssl rand -base64 42) and set ${variable} to it.`
  return variable && `Set ${variable} in the environment, or ${path.join('.')} in a configuration file.`
}

interface Description { readonly keys?: Readonly<Record<string, Description>>; readonly items?: readonly Description[] }
const keysAt = (schema: Joi.ObjectSchema | undefined, path: readonly (string | number)[]): string[] => {
  const found = path.reduce<Description | undefined>(
    (within, key) => typeof key === 'number' ? within?.items?.[0] : within?.keys?.[key], schema?.describe() as Description | undefined)
  return Object.keys(found?.keys ?? {})
}

/** `did you mean "x"?`, where one of the known words is near. */
export const didYouMean = (word: string, known: readonly string[]): string | undefined => {
  if (known.length === 0 || known.includes(word)) return undefined
  const near = closest(word, known)
  return distance(word.toLowerCase(), near.toLowerCase()) * 2 <= Math.max(word.length, near.length) ? `did you mean "${near}"?` : undefined
}
