/** The server and the plugins of this folder as plain JavaScript, as it is delivered: processes that are started by the hundred start faster. */
import { execFile } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../support/processes.ts'
import { scratch } from '../support/scratch.ts'

export interface Build {
  /** Of node: the server's entry, with a clock that can be moved. */
  readonly program: readonly string[]
  /** The built form of a file of this folder, by its name without ending. */
  file(name: string): string
  dispose(): Promise<void>
}

/** A build of its own, since sources may change while it is used. It lies where packages are found from. */
export const build = async (): Promise<Build> => {
  const cache = join(root, 'node_modules/.cache/mortise')
  mkdirSync(cache, { recursive: true })
  const { folder, dispose } = await scratch(cache)
  const out = join(folder, 'dist')
  try {
    await promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'test/faults/tsconfig.json'), '--outDir', out])
  } catch (error) {
    await dispose()
    throw new Error(`the server cannot be built: ${(error as { stdout?: string }).stdout ?? ''}`, { cause: error })
  }
  symlinkSync(join(root, 'config'), join(folder, 'config'))
  const file = (name: string): string => join(out, `test/faults/${name}.js`)
  return { program: [`--import=${file('clock')}`, join(out, 'core/bin.js')], file, dispose }
}
