/** The laws of `extractor`, for all that the configuration names at once. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { defineContract } from '../../../core/index.ts'
import type { Port } from '../../../core/index.ts'
import { extractor } from '../ports.ts'
import type { Extractor } from '../ports.ts'

const settle = async (one: Extractor, bytes: Buffer, signal?: AbortSignal): Promise<unknown> => {
  const name = `sample.${one.extensions[0] ?? ''}`
  try { return await one.extract(Readable.from([bytes]), signal ? { name, signal } : { name }) } catch (error) { return error }
}

export const extractorContract = defineContract(extractor as unknown as Port<ReadonlyMap<string, Extractor>>, {
  laws: {
    'an extractor names at least one ending: lower case, without a dot': (all) => {
      for (const [name, { extensions }] of all) {
        assert(extensions.length > 0, name)
        for (const extension of extensions) assert.match(extension, /^[a-z0-9]+$/, `${name}: "${extension}"`)
      }
    },
    'whatever bytes come, there is text or an error with words for whoever sent the file': async (all) => {
      const samples = [
        Buffer.alloc(0), Buffer.from([0xFF, 0xFE]), Buffer.from([0xC3, 0x28]), Buffer.alloc(4096), Buffer.from('%PDF-1.7 \x89PNG\r\n\x1a\n'), Buffer.from('<'.repeat(5000)),
      ]
      for (const [name, one] of all) for (const bytes of samples) {
        const outcome = await settle(one, bytes)
        assert(typeof outcome === 'string' || outcome instanceof Error && outcome.message.length > 10, `${name}: ${String(outcome)}`)
      }
    },
    'a file that breaks off is an error, never half a text': async (all) => {
      for (const [name, one] of all) {
        const broken = Readable.from((async function* () { yield Buffer.from('half a te'); throw new Error('the disk is gone') })())
        await assert.rejects(one.extract(broken, { name: `sample.${one.extensions[0] ?? ''}` }), name)
      }
    },
    'an aborted extraction ends': async (all) => {
      for (const [name, one] of all) assert((await settle(one, Buffer.from('some text'), AbortSignal.abort())) instanceof Error, name)
    },
  },
})
