/** `mortise new plugin NAME`: a copy of the files in `new-plugin/`. They end in `.txt` there, so that nobody takes them for a part of the server. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StartupError } from './errors.ts'
import { builtinNames } from './load.ts'

const isBuilt = import.meta.url.endsWith('.js')
const files = new URL(isBuilt ? '../../core/new-plugin/' : 'new-plugin/', import.meta.url)
const manifest = fileURLToPath(new URL(isBuilt ? '../../package.json' : '../package.json', import.meta.url))

/** Makes the folder, named as the package is without its scope, and returns its path. */
export const newPlugin = async (name: string, root: string): Promise<string> => {
  const [, short = ''] = /^(?:@[a-z0-9][a-z0-9-]*\/)?([a-z0-9][a-z0-9-]*)$/.exec(name) ?? []
  const refuse = (path: string, message: string, fix: string): StartupError => new StartupError([{ path, message, fix }])
  if (short === '') throw refuse(name, 'is no name for a plugin', 'Take small letters, digits and hyphens, as in "reviews" or "@acme/reviews".')
  if (['mortise', 'kernel', ...await builtinNames()].includes(name)) throw refuse(name, 'is taken by the server itself', `Take another, such as "@acme/${name}".`)
  const folder = resolve(root, short)
  const present = await readdir(folder).catch((error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : [error])
  if (present.length > 0) throw refuse(folder, 'is there already', 'Empty or remove it, take another name, or go to another folder first.')
  await mkdir(folder, { recursive: true })
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  // A checkout is used as it is (and wants "npm run build"); a package comes from where packages come from.
  const mortise = manifest.includes('/node_modules/') ? version : `file:${relative(folder, dirname(manifest))}`
  const values: Readonly<Record<string, string>> = { name, version, mortise }
  for (const file of await readdir(files)) {
    const text = await readFile(new URL(file, files), 'utf8')
    await writeFile(resolve(folder, file.slice(0, -'.txt'.length)), text.replace(/\{\{(\w+)\}\}/g, (_, key: string) => values[key] ?? ''))
  }
  return folder
}
