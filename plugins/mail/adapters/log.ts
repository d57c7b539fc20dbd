/** Where no mail server is named: each mail becomes a file for the operator to read. */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineAdapter, logger, serverConfig } from '../../../core/index.ts'
import { mailer } from '../ports.ts'
import { checkMail } from '../services/mail-check.ts'

/** Files that stay, the newest first. */
const KEPT = 100

export const log = defineAdapter(mailer, 'log', {
  uses: { server: serverConfig, log: logger },
  create: ({ server, log }) => {
    const folder = join(server.dataDir, 'mail')
    const prune = async (): Promise<void> => {
      const names = (await readdir(folder)).filter((name) => name.endsWith('.txt')).sort()
      await Promise.all(names.slice(0, -KEPT).map((name) => rm(join(folder, name), { force: true })))
    }
    return {
      delivers: false,
      send: async (mail) => {
        checkMail(mail)
        const { to, subject, text } = mail
        await mkdir(folder, { recursive: true, mode: 0o700 })
        const path = join(folder, `${new Date().toISOString().replaceAll(':', '-')}-${randomBytes(4).toString('hex')}.txt`)
        await writeFile(path, `To: ${to}\nSubject: ${subject}\n\n${text}`, { flag: 'wx', mode: 0o600 })
        await prune()
        // What is in it may open a door, and a log is read by many.
        log.info({ path, to, subject }, 'no mail server is set, so this mail was written to a file')
      },
    }
  },
})
