/**
 * Questions and answers that the workspace's model makes of a document's passages. What it made of a passage is kept until the document has
 * been cut to its end, so that every run sees the same pairs, and none pays for a passage that another has paid for.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { database, errors, HttpError, service } from '../../../core/index.ts'
import { models } from '../../models/ports.ts'
import type { ModelRef } from '../../models/ports.ts'
import { instructionOf, pairsIn } from '../chunking/pairs.ts'
import { DocumentFault } from '../errors.ts'
import type { DocumentRow } from '../models/document.ts'
import type { Pair } from '../ports.ts'

type Of = Pick<DocumentRow, 'workspace_id' | 'id' | 'doc_language'>
export interface ModelPairs {
  /** The model that would make them; undefined where the workspace has none that writes. */
  model(workspaceId: string): Promise<ModelRef | undefined>
  /** Of one passage, in order; none where there is nothing to ask. Throws a `DocumentFault` where another attempt would end alike. Never inside a transaction. */
  of(document: Of, passage: string, signal: AbortSignal): Promise<readonly Pair[]>
  /** The document has them as segments. */
  forget(document: Pick<DocumentRow, 'workspace_id' | 'id'>): Promise<void>
}

export const NO_WRITER = 'Questions and answers are made of a text by a language model, and this workspace has none that writes. Choose a default model of the type llm, or '
  + 'send an Excel (.xlsx) or CSV file with the questions in its first column and the answers in its second.'
/** Milliseconds after which a model that failed is asked once more. */
const AGAIN = 500
/** UTF-16 units of a reply that are read, of a model that never ends: many times a passage. */
const LONGEST = 100_000

export const modelPairs = service('datasets.model-pairs', {
  uses: { db: database, models },
  create: ({ db, models }): ModelPairs => {
    const model: ModelPairs['model'] = async (workspaceId) => {
      const ref = await models.defaultModel(workspaceId, 'llm')
      return ref && (await models.find(workspaceId, ref, 'llm'))?.quotesOnly !== true ? ref : undefined
    }
    const ask = async ({ workspace_id: workspaceId, doc_language: language }: Of, passage: string, signal: AbortSignal): Promise<Pair[]> => {
      const ref = await model(workspaceId)
      if (!ref) throw new DocumentFault(NO_WRITER)
      const takes = (await models.find(workspaceId, ref, 'llm'))?.parameters?.some(({ name, min = 0 }) => name === 'temperature' && min <= 0)
      let reply = ''
      let isCutOff = false
      for await (const part of models.generate(workspaceId, ref, {
        messages: [{ role: 'system', content: instructionOf(language) }, { role: 'user', content: passage }], ...takes ? { parameters: { temperature: 0 } } : {}, signal,
      })) {
        if (part.type === 'text') reply += part.text
        else if (part.type === 'end') isCutOff = part.finish === 'length'
        isCutOff ||= reply.length > LONGEST
        if (reply.length > LONGEST) break
      }
      return pairsIn(reply, isCutOff)
    }
    const made = async (document: Of, passage: string, signal: AbortSignal, isLast = false): Promise<Pair[]> => {
      try {
        return await ask(document, passage, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof HttpError) || error.status >= 500 || error.status === errors.tooManyRequests.status) throw error
        if (isLast || error.code !== 'completion_request_error') throw new DocumentFault(`The model made no questions and answers. ${error.message}`, { cause: error })
        await sleep(AGAIN, undefined, { signal }).catch(() => { signal.throwIfAborted() })
        return made(document, passage, signal, true)
      }
    }
    return {
      model,
      of: async (document, passage, signal) => {
        const key = [document.workspace_id, document.id, createHash('sha256').update(JSON.stringify([document.doc_language, passage])).digest('hex')]
        const kept = async (): Promise<readonly Pair[] | undefined> =>
          (await db.query<{ pairs: Pair[] }>('SELECT pairs FROM document_model_pairs WHERE workspace_id = $1 AND document_id = $2 AND passage = $3', key))[0]?.pairs
        const before = await kept()
        if (before) return before
        const pairs = (await made(document, passage, signal)).map(({ question, answer }) => ({ question: storable(question), answer: storable(answer) }))
        // Of two runs at once, the first has the say; a document that is gone meanwhile keeps none.
        await db.query(
          `INSERT INTO document_model_pairs (workspace_id, document_id, passage, pairs)
           SELECT workspace_id, id, $3, $4::jsonb FROM documents WHERE workspace_id = $1 AND id = $2 FOR KEY SHARE ON CONFLICT DO NOTHING`, [...key, JSON.stringify(pairs)])
        return await kept() ?? pairs
      },
      forget: async ({ workspace_id, id }) => { await db.query('DELETE FROM document_model_pairs WHERE workspace_id = $1 AND document_id = $2', [workspace_id, id]) },
    }
  },
})

const storable = (text: string): string => text.replace(/[\0\p{Cs}]/gu, '\ufffd')
