/** A client of the service API, as far as the tests speak it. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface Answer { readonly status: number; readonly body: any; readonly headers: Headers }
export interface Client {
  send(method: string, path: string, body?: unknown): Promise<Answer>
  upload(path: string, file: { name: string; content: string | Buffer }, data?: object): Promise<Answer>
  /** Waits until all documents of a batch are in a final state and returns these states. */
  indexed(datasetId: string, batch: string, patience?: number, every?: number): Promise<{ indexing_status: string; error: string | null; completed_segments: number; total_segments: number }[]>
}

export const client = (url: string, token?: string): Client => {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const call = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(url + path, init)
    // A file comes as its bytes.
    if (!/json|^$/.test(response.headers.get('content-type') ?? '')) return { status: response.status, body: Buffer.from(await response.arrayBuffer()), headers: response.headers }
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) as unknown, headers: response.headers }
  }
  const self: Client = {
    send: (method, path, body) => call(path, {
      method, headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
    upload: (path, file, data) => {
      const form = new FormData()
      form.set('file', new Blob([file.content]), file.name)
      if (data) form.set('data', JSON.stringify(data))
      return call(path, { method: 'POST', headers, body: form })
    },
    indexed: async (datasetId, batch, patience = 60_000, every = 50) => {
      for (const end = Date.now() + patience; ;) {
        const { body } = await self.send('GET', `/v1/datasets/${datasetId}/documents/${batch}/indexing-status`)
        const states = body.data as Awaited<ReturnType<Client['indexed']>>
        if (states.every((state) => ['completed', 'error'].includes(state.indexing_status))) return states
        if (Date.now() > end) throw new Error(`not indexed in time: ${JSON.stringify(states)}`)
        await sleep(every)
      }
    },
  }
  return self
}
