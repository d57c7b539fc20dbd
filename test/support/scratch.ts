/** A temporary folder and the processes that work in it. Both are gone with this process, however it ends. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Scratch {
  readonly folder: string
  /** From now on it ends with this process, unless it ends before. */
  adopt(child: ChildProcess): void
  /** Ends what still runs and removes the folder. */
  dispose(): Promise<void>
}

// It waits for the end of its input, which comes with the end of this process, also where that was a kill -9 or an interrupt.
const REAPER = `
  trap '' INT TERM HUP
  cat > /dev/null
  pids=$(ls "$1/.pids")
  [ -z "$pids" ] || { kill -CONT $pids; kill -QUIT $pids; sleep 0.5; kill -KILL $pids; }
  rm -rf "$1" || { sleep 1; rm -rf "$1"; }`

export const scratch = async (parent = tmpdir()): Promise<Scratch> => {
  const folder = await mkdtemp(join(parent, 'mortise-'))
  // Another user's processes may work below it.
  chmodSync(folder, 0o711)
  const pids = join(folder, '.pids')
  mkdirSync(pids)
  const reaper = spawn('sh', ['-c', REAPER, 'reaper', folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  const gone = once(reaper, 'exit')
  return {
    folder,
    adopt: (child) => {
      const file = join(pids, String(child.pid))
      writeFileSync(file, '')
      child.once('exit', () => { rmSync(file, { force: true }) })
    },
    dispose: async () => {
      reaper.stdin.end()
      await gone
    },
  }
}
