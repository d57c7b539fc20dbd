/** The main job, step by step: a document goes in over HTTP, and a question brings back the right passage. */
import type { Assertions } from 'ava'
import type { Client } from './client.ts'

const handbook = `Parental leave. Every employee who becomes a mother or father may stay at home for sixteen weeks on full pay.

Travel expenses. Train tickets are booked in second class; receipts are handed in within thirty days.

Coffee machine. The machine in the kitchen is descaled on the first Monday of each month with product ZX-8800.`

/** The key that the first start wrote down. */
export const bootstrapKey = (text: string): string => /dataset-[A-Za-z0-9]+/.exec(text)?.[0] ?? 'none'

/** A client whose calls go to these in turn. */
export const inTurn = (clients: readonly Client[]): Client => {
  let turn = 0
  const next = (): Client => clients[turn++ % clients.length] as Client
  return {
    send: (...about) => next().send(...about),
    upload: (...about) => next().upload(...about),
    indexed: (...about) => next().indexed(...about),
  }
}

export const mainJob = async (t: Assertions, api: Client): Promise<void> => {
  const { status, body: dataset } = await api.send('POST', '/v1/datasets', { name: 'Handbook', indexing_technique: 'high_quality' })
  t.is(status, 200)
  const at = `/v1/datasets/${dataset.id as string}`
  const text = await api.send('POST', `${at}/document/create-by-text`, {
    name: 'Handbook', text: handbook, indexing_technique: 'high_quality',
    process_rule: { mode: 'custom', rules: { pre_processing_rules: [], segmentation: { separator: '\n\n', max_tokens: 300 } } },
  })
  t.is(text.status, 200)
  const html = await api.upload(`${at}/document/create-by-file`, { name: 'garden.html', content: '<h1>Garden</h1><script>bad()</script><p>The tomatoes are watered at dawn by the gardener.</p>' }, {
    indexing_technique: 'high_quality', process_rule: { mode: 'automatic' },
  })
  t.is(html.status, 200)
  for (const { body } of [text, html]) {
    const states = await api.indexed(dataset.id as string, body.batch as string)
    t.like(states[0], { indexing_status: 'completed', error: null })
    t.is(states[0]?.completed_segments, states[0]?.total_segments)
  }
  const first = async (query: string, search_method: string): Promise<string> => {
    const { status: code, body } = await api.send('POST', `${at}/retrieve`, { query, retrieval_model: { search_method, reranking_enable: false, top_k: 3, score_threshold_enabled: false } })
    t.is(code, 200)
    return body.records[0]?.segment.content as string
  }
  t.regex(await first('How long can I be away from work after my baby is born?', 'semantic_search'), /^Parental leave/)
  t.regex(await first('ZX-8800', 'full_text_search'), /^Coffee machine/)
  t.regex(await first('When do the tomatoes get something to drink?', 'hybrid_search'), /tomatoes/)
  t.regex(await first('receipts for train tickets', 'keyword_search'), /^Travel/)
  t.notRegex(JSON.stringify((await api.send('GET', `${at}/documents/${html.body.document.id as string}/segments`)).body), /bad\(\)/)
  t.is((await api.send('DELETE', at)).status, 204)
  t.is((await api.send('GET', at)).status, 404)
}
