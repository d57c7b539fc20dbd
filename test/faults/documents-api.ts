/** What those who bring and search documents say to a server: the service API, with a key. */
import { setTimeout as sleep } from 'node:timers/promises'
import { contentOf, KINDS, versionsIn } from './documents-operations.ts'
import type { Kind, SearchMethod, Write } from './documents-operations.ts'
import type { Rest, Stored } from './documents-plugin.ts'

export interface Reply { readonly status: number; readonly body: any }
export interface Dataset { readonly id: string; readonly kind: Kind }

/** Rejects where there is no whole answer within `patience` milliseconds, or the connection breaks. */
export const call = async (url: string, method: string, token: string, content: { json?: object; form?: FormData; idempotencyKey?: string }, patience: number): Promise<Reply> => {
  const { json, form, idempotencyKey } = content
  const given = new AbortController()
  const asked = async (): Promise<Reply> => {
    const response = await fetch(url, {
      method, signal: given.signal,
      headers: { authorization: `Bearer ${token}`, ...json ? { 'content-type': 'application/json' } : {}, ...idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey } },
      ...json ? { body: JSON.stringify(json) } : form ? { body: form } : {},
    })
    const text = await response.text()
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) as unknown : text }
  }
  // A form that is under way when its connection ends may neither fail nor heed its signal.
  const impatience = setTimeout(() => { given.abort() }, patience)
  try {
    return await Promise.race([asked(), new Promise<never>((_, reject) => {
      given.signal.addEventListener('abort', () => { reject(new Error(`no answer within ${patience} ms`)) })
    })])
  } finally { clearTimeout(impatience) }
}
/** For what is done while nothing is disturbed. */
export const surely = async (url: string, method: string, token: string, json?: object): Promise<any> => {
  const { status, body } = await call(url, method, token, json ? { json } : {}, 20_000)
  if (status >= 300) throw new Error(`${method} ${url} was answered ${status} ${JSON.stringify(body)}`)
  return body
}

export const makeDataset = async (url: string, token: string, name: string, kind: Kind): Promise<Dataset> => {
  const technique = KINDS[kind].technique
  const model = technique === 'high_quality' ? { embedding_model_provider: 'toy', embedding_model: 'words' } : {}
  const { id } = await surely(`${url}/v1/datasets`, 'POST', token, { name, indexing_technique: technique, ...model }) as { id: string }
  return { id, kind }
}

/** @param replaces the document whose content it becomes, where the write is an update of it. @param isNew nothing has this name, and nothing is to be replaced */
export const send = (url: string, token: string, kind: Kind, write: Write, { replaces, isNew, patience }: { replaces: string | undefined; isNew: boolean; patience: number }): Promise<Reply> => {
  const { text, rule } = contentOf(kind, write)
  const at = `${url}/v1/datasets/${write.dataset}`
  const { form: doc_form, technique } = KINDS[kind]
  const settings = { doc_form, process_rule: rule, indexing_technique: technique, ...isNew ? { duplicate: false } : {} }
  const key = write.keyed ? { idempotencyKey: `write ${write.version}` } : {}
  if (write.by !== 'file') {
    const named = write.by === 'update' && replaces !== undefined ? { original_document_id: replaces } : {}
    return call(`${at}/document/create-by-text`, 'POST', token, { json: { name: write.name, text, ...settings, ...named }, ...key }, patience)
  }
  const form = new FormData()
  form.set('file', new Blob([text]), write.name)
  form.set('data', JSON.stringify(settings))
  return call(`${at}/document/create-by-file`, 'POST', token, { form, ...key }, patience)
}

/** The versions whose canaries came back. */
export const retrieve = async (url: string, token: string, dataset: string, query: string, method: SearchMethod, patience: number): Promise<Reply & { found: readonly string[] }> => {
  const retrieval_model = { search_method: method, reranking_enable: false, top_k: 10, score_threshold_enabled: false }
  const reply = await call(`${url}/v1/datasets/${dataset}/retrieve`, 'POST', token, { json: { query, retrieval_model } }, patience)
  const records = reply.status === 200 ? (reply.body as { records: { segment: { content: string } }[] }).records : []
  return { ...reply, found: versionsIn(records.map(({ segment }) => segment.content).join('\n')) }
}

/** Waits until no job waits or runs and every document is in a final state. Returns what is wrong where that does not come. */
export const rest = async (url: string, patience = 100_000): Promise<string | undefined> => {
  let problem = ''
  for (const last = performance.now() + patience; performance.now() < last;) {
    try {
      const { jobs, unfinished, failed } = await surely(`${url}/faults/rest`, 'GET', '') as Rest
      if (jobs + unfinished === 0) return failed.length === 0 ? undefined : `jobs failed for good: ${failed.join('; ')}`
      problem = `${jobs} jobs wait or run, ${unfinished} documents are unfinished`
    } catch (error) { problem = `the rest cannot be seen: ${String(error)}` }
    await sleep(100)
  }
  return `it did not come to rest within ${patience / 1000} s: ${problem}`
}
export const stored = (url: string, datasets: readonly string[]): Promise<Stored> => surely(`${url}/faults/stored?datasets=${datasets.join(',')}`, 'GET', '') as Promise<Stored>
