/** From the names in the configuration to plugins: built in, by path, or by package name. */
import { existsSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { resolve as resolveImport } from 'import-meta-resolve'
import Joi from 'joi'
import semver from 'semver'
import { didYouMean } from './config.ts'
import type { LoadedConfig } from './config.ts'
import type { Problem } from './errors.ts'
import type { Plugin } from './plugin.ts'

export const KERNEL_VERSION = '1.0.0'

/** A plugin and the key under `plugins:` by which it was found. */
export interface LoadedPlugin { readonly plugin: Plugin; readonly key: string; readonly source: string; readonly builtin: boolean; readonly optional: boolean }
export interface Loaded { readonly plugins: readonly LoadedPlugin[]; readonly problems: readonly Problem[]; readonly failed: ReadonlyMap<string, string> }

const ending = import.meta.url.slice(-3)
const builtinFolder = new URL('../plugins/', import.meta.url)
const builtinEntry = (name: string): string => fileURLToPath(new URL(`${name}/index${ending}`, builtinFolder))

const list = Joi.array().items(Joi.object().unknown())
const shape = Joi.object({
  name: Joi.string().pattern(/^(@[a-z0-9][a-z0-9-]*\/)?[a-z0-9][a-z0-9-]*$/, 'kebab-case, or a package name').required(),
  kernel: Joi.string().required(),
  config: Joi.object().unknown(), permissions: Joi.object().pattern(/^[a-z0-9-]+:[a-z0-9-]+$/, Joi.string()), ports: list, adapters: list, routes: list,
  models: list, jobs: list, migrations: Joi.object().instance(URL), uses: Joi.object().unknown(), start: Joi.function(), stop: Joi.function(),
})

/** Why a value is not a plugin that this kernel can run; undefined where it is one. */
const refusal = (value: unknown): string | undefined => {
  const { error } = shape.validate(value, { abortEarly: false, convert: false })
  if (error) return `is not a plugin: ${error.message}. Its default export must be what definePlugin() returns.`
  const { kernel } = value as Plugin
  if (!semver.validRange(kernel)) return `says kernel "${kernel}", which is no version range; write '^${semver.major(KERNEL_VERSION)}'`
  if (!semver.satisfies(KERNEL_VERSION, kernel)) return `is written for kernel ${kernel}; this is ${KERNEL_VERSION}. Install a version of it that fits.`
  return undefined
}

/** The file of a plugin: where an import in the deployment's folder would find it. (`require` knows nothing of packages that can only be imported.) */
const locate = (key: string, config: LoadedConfig, root: string): string => {
  if (/^[a-z0-9-]+$/.test(key) && existsSync(builtinEntry(key))) return builtinEntry(key)
  const isPath = /^\.{0,2}\//.test(key)
  const file = isPath ? resolve(config.folder(['plugins', key]), key) : fileURLToPath(resolveImport(key, pathToFileURL(resolve(root, 'package.json')).href))
  if (statSync(file, { throwIfNoEntry: false })?.isFile()) return file
  throw new Error(`there is no file ${file}${isPath ? '' : ' (is the package built?)'}`)
}

/** What an author needs to know of an import that failed: the message, and the file that is to blame, which need not be the plugin's own. */
const importFailure = (error: unknown, file: string): { why: string; fix: string } => {
  const { code, message, stack = '' } = error instanceof Error ? error as NodeJS.ErrnoException : { code: '', message: String(error) }
  const isTold = /( |file:\/\/)\//.test(message)
  const place = /(?:^|[\s(]|file:\/\/)(\/(?!\S*\/@oxc-node\/)[^\s():]+:\d+)/m.exec(stack)?.[1] ?? file
  const isUnread = code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[cm]?tsx?$/.test(message) || code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING'
  return {
    why: `fails while it is imported: ${isTold ? '' : `${place}: `}${message.split('\n')[0] ?? ''}`,
    fix: isUnread ? 'TypeScript is read under a loader alone, and never inside node_modules. Build the plugin and name the file that was built; or, for one named by its path, '
      + 'npm install --save-dev @oxc-node/core and start with NODE_OPTIONS=--import=@oxc-node/core/register.'
      : 'It was found; correct that file, or install what it imports.',
  }
}

/** Loads every plugin that the configuration names, in its order. Nothing of a plugin runs beyond its import. */
export const loadPlugins = async (config: LoadedConfig, root: string, inMemory: readonly Plugin[] = []): Promise<Loaded> => {
  const plugins: LoadedPlugin[] = []
  const problems: Problem[] = []
  const failed = new Map<string, string>()
  const add = (value: unknown, entry: Omit<LoadedPlugin, 'plugin'>): string | undefined => {
    const why = refusal(value)
    if (why) return why
    const plugin = value as Plugin
    const twin = plugins.find((other) => other.plugin.name === plugin.name)
    if (twin) return `is named "${plugin.name}", as is ${twin.source}; remove one of the two`
    plugins.push({ ...entry, plugin })
    return undefined
  }
  for (const [key, section] of Object.entries(config.document.plugins)) {
    const path = `plugins.${key}`
    const origin = config.origin(['plugins', key])
    const isOptional = section?.['$optional'] === true
    let [why, fix, file]: (string | undefined)[] = []
    try {
      file = locate(key, config, root)
      const module = await import(pathToFileURL(file).href) as { default?: unknown }
      why = add(module.default, { key, source: key, builtin: file === builtinEntry(key), optional: isOptional })
    } catch (error) {
      if (file !== undefined) ({ why, fix } = importFailure(error, file))
      else {
        why = `cannot be loaded: ${(error as Error).message.split('\n')[0] ?? ''}`
        fix = didYouMean(key, await builtinNames()) ?? 'Give a built-in name, the path of a file that begins with ./ or /, or an installed package.'
      }
    }
    if (why && isOptional) failed.set(key, why)
    else if (why) problems.push({ path, message: why, fix, origin })
  }
  for (const plugin of inMemory) {
    const why = add(plugin, { key: plugin.name, source: 'in memory', builtin: false, optional: false })
    if (why) problems.push({ path: `plugins.${plugin.name}`, message: why })
  }
  return { plugins, problems, failed }
}

export const builtinNames = async (): Promise<string[]> => {
  const entries = await readdir(builtinFolder, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory() && existsSync(builtinEntry(entry.name))).map((entry) => entry.name)
}
