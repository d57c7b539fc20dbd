/**
 * The written answer whose question is nearest to another. The vectors of an app are kept in memory as long as its version says that they are
 * what the database has, so that several processes stay right without telling each other.
 */
import { LRUCache } from 'lru-cache'
import { database, service } from '../../../core/index.ts'
import { annotationsConfig } from '../config.ts'
import { AnnotationVector } from '../models/annotation.ts'
import type { SettingRow } from '../models/reply.ts'
import { modelOf } from './settings.ts'
import { fromBytes, scoreOf } from './vectors.ts'

interface Entry { readonly id: string; readonly at: number; readonly vector: Float32Array }
export interface Nearest {
  /** Whether the app has any vector to compare with. */
  has(setting: SettingRow): Promise<boolean>
  /** Of those that score alike, the newest. Undefined where there is none. Not for use inside a transaction. */
  of(setting: SettingRow, question: Float32Array): Promise<{ readonly id: string; readonly score: number } | undefined>
}
type Best = Entry & { readonly score: number }

const PAGE_BYTES = 4 * 1024 * 1024
/** An identifier, its place in a list, and its share of the others. */
const BYTES_PER_ENTRY = 160
const keyOf = ({ id, version }: SettingRow): string => `${id} ${version}`
const sizeOf = (entries: readonly Entry[]): number => entries.reduce((sum, { vector }) => sum + vector.byteLength + BYTES_PER_ENTRY, 1)

export const nearest = service('annotations.nearest', {
  uses: { db: database, config: annotationsConfig, AnnotationVector },
  create: ({ db, config: { cacheBytes } }): Nearest => {
    const cache = new LRUCache<string, readonly Entry[]>({ maxSize: Math.max(1, cacheBytes), sizeCalculation: sizeOf })
    const reading = new Map<string, Promise<void>>()

    async function* pages(setting: SettingRow): AsyncGenerator<Entry[]> {
      let size = 100
      for (let last = '00000000-0000-0000-0000-000000000000'; ;) {
        const rows = await db.query<{ id: string; written_at: Date; vector: Uint8Array }>(
          `SELECT annotation_id AS id, written_at, vector FROM annotation_vectors
           WHERE workspace_id = $1 AND app_id = $2 AND model = $3 AND annotation_id > $4 ORDER BY annotation_id LIMIT $5`,
          [setting.workspace_id, setting.app_id, modelOf(setting), last, size])
        yield rows.map(({ id, written_at, vector }) => ({ id, at: written_at.getTime(), vector: fromBytes(vector) }))
        if (rows.length < size) return
        last = rows.at(-1)?.id ?? last
        size = Math.max(1, Math.floor(PAGE_BYTES / (rows.at(-1)?.vector.byteLength ?? 1)))
      }
    }
    const best = (entries: readonly Entry[], question: Float32Array, so: Best | undefined): Best | undefined => {
      let found = so
      for (const entry of entries) {
        const score = scoreOf(entry.vector, question)
        if (!found || score > found.score || (score === found.score && entry.at > found.at)) found = { ...entry, score }
      }
      return found
    }
    /** Reads all of them, keeps them where they are not too many, and tells each page. */
    const read = async (key: string, setting: SettingRow, see: (page: readonly Entry[]) => void): Promise<void> => {
      const all: Entry[] = []
      let bytes = 0
      for await (const page of pages(setting)) {
        see(page)
        bytes += sizeOf(page)
        if (bytes <= cacheBytes) all.push(...page)
        else all.length = 0
      }
      if (bytes <= cacheBytes) cache.set(key, all)
    }
    return {
      has: async (setting) => (cache.get(keyOf(setting)) ?? await db.query(
        'SELECT 1 FROM annotation_vectors WHERE workspace_id = $1 AND app_id = $2 AND model = $3 LIMIT 1', [setting.workspace_id, setting.app_id, modelOf(setting)])).length > 0,
      of: async (setting, question) => {
        const key = keyOf(setting)
        // Whoever asks while another reads uses what that one read, where it could be kept.
        await reading.get(key)
        const kept = cache.get(key)
        if (kept) return best(kept, question, undefined)
        let found: Best | undefined
        const run = read(key, setting, (page) => { found = best(page, question, found) })
        const settled = run.catch(() => undefined).finally(() => { if (reading.get(key) === settled) reading.delete(key) })
        reading.set(key, settled)
        await run
        return found
      },
    }
  },
})
