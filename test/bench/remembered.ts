/**
 * The built-in sentence encoder with a memory: each text is encoded once, in this run and in those to come, where a folder is given. The file
 * begins with the vector of a text of all kinds; where the encoder gives another one by now, all of the file is of no use and begun anew.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createEncoder } from '../../plugins/models/encoder/encoder.ts'
import type { EmbedRequest, ModelProvider } from '../../plugins/models/ports.ts'

const DIMENSIONS = 512
const KEY = 32
const RECORD = KEY + 4 * DIMENSIONS
const probe = 'A wing in a slipstream, 翼の揚力 and 升力 of 12.5 %. '.repeat(60)

export interface Remembered { readonly provider: ModelProvider; readonly counts: { encoded: number; remembered: number }; close(): Promise<void> }

export const rememberedEncoder = async (folder: string | undefined): Promise<Remembered> => {
  const encoder = createEncoder({ idleMs: 60_000 })
  const counts = { encoded: 0, remembered: 0 }
  const known = new Map<string, Promise<Float32Array>>()
  const file = folder === undefined ? undefined : join(folder, 'use-lite.vectors')
  const encode = async (text: string): Promise<Float32Array> => (await encoder.encode(text, { urgent: false })).vector
  const keyOf = (text: string): Buffer => createHash('sha256').update(text).digest()
  const record = (text: string, vector: Float32Array): Buffer => Buffer.concat([keyOf(text), Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)])
  if (folder !== undefined && file !== undefined) {
    const first = record(probe, await encode(probe))
    const kept = existsSync(file) ? await readFile(file) : Buffer.alloc(0)
    // A run that was stopped may have left half a record.
    const whole = kept.subarray(0, kept.length - kept.length % RECORD)
    const isGood = first.equals(whole.subarray(0, RECORD))
    await mkdir(folder, { recursive: true })
    if (!isGood || whole.length < kept.length) await writeFile(file, isGood ? whole : first)
    for (let at = RECORD; isGood && at < whole.length; at += RECORD) {
      const vector = new Float32Array(whole.buffer.slice(whole.byteOffset + at + KEY, whole.byteOffset + at + RECORD))
      known.set(whole.toString('hex', at, at + KEY), Promise.resolve(vector))
    }
  }
  let written = Promise.resolve()
  const vectorOf = (text: string): Promise<Float32Array> => {
    const key = keyOf(text).toString('hex')
    const found = known.get(key)
    counts[found ? 'remembered' : 'encoded'] += 1
    if (found) return found
    const made = encode(text).then((vector) => {
      if (file !== undefined) written = written.then(() => appendFile(file, record(text, vector)))
      return vector
    })
    known.set(key, made)
    return made
  }
  return {
    provider: {
      label: 'Remembered',
      models: () => [{ name: 'use-lite', type: 'text-embedding', label: 'Universal Sentence Encoder lite', dimensions: DIMENSIONS }],
      embed: async ({ texts }: EmbedRequest) => ({ vectors: await Promise.all(texts.map(vectorOf)), tokens: 0 }),
    },
    counts,
    close: async () => {
      await written
      await encoder.close()
    },
  }
}
