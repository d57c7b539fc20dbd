/**
 * One process at a time in a folder. The lock is a listening Unix socket: the system closes it with its process, however that ends,
 * so a process id that was given to somebody else proves nothing and no stale lock has to be removed by hand.
 *
 * `lock.<n>` names the socket of the n-th holder. The holder is whoever made the highest; the next one may only be made when its
 * socket is dead, by a hard link, which is atomic and comes with its content. The highest is never removed, so n never falls.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface FolderLock {
  /** A folder (0700) for this holder's sockets, whose path is short enough for them. */
  readonly sockets: string
  release(): Promise<void>
}
export class FolderInUse extends Error {
  readonly pid: number
  constructor(folder: string, pid: number) {
    super(`${folder} is in use by process ${pid}`)
    this.pid = pid
  }
}
interface Holder { readonly pid: number; readonly socket: string }

/** `sun_path` has 104 bytes on some systems and 108 on others, a closing NUL included. */
const LONGEST_PATH = 103
const LONGEST_NAME = 20

/** Throws {@link FolderInUse} while another process, or this one, holds the folder. */
export const lockFolder = async (folder: string): Promise<FolderLock> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const away = Buffer.byteLength(folder) + 1 + LONGEST_NAME > LONGEST_PATH
  const sockets = away ? await mkdtemp(join(tmpdir(), 'mortise-')) : folder
  const name = randomBytes(6).toString('hex')
  const socket = join(sockets, `${name}.sock`)
  const alive = createServer((peer) => { peer.destroy() }).unref()
  alive.listen(socket)
  await once(alive, 'listening')
  const release = async (): Promise<void> => {
    alive.close()
    await once(alive, 'close')
    if (away) await rm(sockets, { recursive: true, force: true })
  }
  const note = join(folder, `${name}.note`)
  try {
    await writeFile(note, JSON.stringify({ pid: process.pid, socket } satisfies Holder), { mode: 0o600 })
    await claim(folder, note)
  } catch (error) {
    await release()
    throw error
  } finally { await rm(note, { force: true }) }
  return { sockets, release }
}

const claim = async (folder: string, note: string): Promise<void> => {
  for (;;) {
    const highest = Math.max(0, ...await numbers(folder))
    const holder = highest > 0 ? JSON.parse(await readFile(lock(folder, highest), 'utf8')) as Holder : undefined
    if (holder && await isAlive(holder)) throw new FolderInUse(folder, holder.pid)
    const mine = highest + 1
    try { await link(note, lock(folder, mine)) } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      throw error
    }
    const others = (await numbers(folder)).filter((number) => number !== mine)
    if (others.some((number) => number > mine)) {
      // Others came and went between our look and our claim.
      await rm(lock(folder, mine), { force: true })
      continue
    }
    for (const number of others) await rm(lock(folder, number), { force: true })
    if (holder) await rm(holder.socket, { force: true })
    return
  }
}
const lock = (folder: string, number: number): string => join(folder, `lock.${number}`)
const numbers = async (folder: string): Promise<number[]> =>
  (await readdir(folder)).flatMap((entry) => /^lock\.(\d+)$/.exec(entry)?.[1] ?? []).map(Number)

const isAlive = ({ socket }: Holder): Promise<boolean> => new Promise((resolve) => {
  const peer = connect(socket)
  peer.once('connect', () => { resolve(true); peer.destroy() })
  // Refused: its process is gone. Missing: it went in good order. Anything else, such as a lack of rights, is no proof of death.
  peer.once('error', (error: NodeJS.ErrnoException) => { resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT') })
})
