/** What those who build and ask apps say to a server. */
import { request } from 'node:http'
import type { ChatAnswer } from './chat-operations.ts'
import { send } from './keys-console.ts'
import type { Reply, Session } from './keys-console.ts'

/** For what is done while nothing is disturbed. */
export const surely = async (url: string, method: string, path: string, session: Session, json?: unknown): Promise<any> => {
  const { status, body } = await send(url, method, path, session, json, 20_000)
  if (status >= 300) throw new Error(`${method} ${path} was answered ${status} ${JSON.stringify(body)}`)
  return body
}
/** An app that answers by the toy model; its key. */
export const makeApp = async (url: string, session: Session, name: string, atATime: number): Promise<string> => {
  const { id } = await surely(url, 'POST', '/console/api/apps', session, { name, mode: 'chat' }) as { id: string }
  await surely(url, 'POST', `/console/api/apps/${id}/model-config`, session, { model: { provider: 'toy', name: 'echo', mode: 'chat', completion_params: {} } })
  await surely(url, 'PUT', `/console/api/apps/${id}`, session, { name, max_active_requests: atATime })
  return (await surely(url, 'POST', `/console/api/apps/${id}/api-keys`, session, {}) as { token: string }).token
}
export const stop = (url: string, key: string, task: string, user: string, patience: number): Promise<Reply> =>
  send(url, 'POST', `/v1/chat-messages/${task}/stop`, { authorization: `Bearer ${key}` }, { user }, patience)

export interface Listening {
  /** Milliseconds after which a client believes that there will be no end. */
  readonly patience: number
  /** When the client goes away, milliseconds after it asked. */
  readonly leaveAfter?: number
  /** With the number of pieces so far, as each comes. */
  piece?(count: number, task: string): void
}
interface Said { readonly event?: string; readonly answer?: string; readonly task_id?: string; readonly message_id?: string; readonly conversation_id?: string; readonly code?: string; readonly message?: string }

/** Asks, and listens to the end, whatever that is; never rejects. */
export const ask = (url: string, key: string, question: object, { patience, leaveAfter, piece }: Listening): Promise<ChatAnswer> => new Promise((resolve) => {
  const content = JSON.stringify(question)
  const heard = { status: 0, text: '', count: 0, late: 0, ids: {} as Pick<ChatAnswer, 'message' | 'conversation' | 'task'>, end: undefined as ChatAnswer['end'], code: undefined as string | undefined }
  const asked = request(`${url}/v1/chat-messages`, { method: 'POST', agent: false, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) } })
  const timers = [setTimeout(() => { finish('hung') }, patience), ...leaveAfter === undefined ? [] : [setTimeout(() => { finish('left') }, leaveAfter)]]
  let done = false
  /** What the server had said before counts, whatever the connection does then, unless it does nothing. */
  const finish = (otherwise: NonNullable<ChatAnswer['end']>): void => {
    if (done) return
    done = true
    for (const timer of timers) clearTimeout(timer)
    asked.destroy()
    resolve({ status: heard.status, ...heard.ids, text: heard.text, late: heard.late, end: otherwise === 'hung' ? otherwise : heard.end ?? otherwise, ...heard.code === undefined ? {} : { code: heard.code } })
  }
  const take = (said: Said): void => {
    if (heard.end !== undefined) heard.late += 1
    if (said.message_id !== undefined) heard.ids = { message: said.message_id, conversation: said.conversation_id ?? '', task: said.task_id ?? '' }
    if (said.event === 'message') {
      heard.text += said.answer ?? ''
      heard.count += 1
      piece?.(heard.count, said.task_id ?? '')
    }
    if (said.event === 'message_end') heard.end = 'whole'
    if (said.event === 'error') Object.assign(heard, { end: 'error', code: said.code })
  }
  asked.on('error', () => { finish('broken') })
  asked.on('response', (response) => {
    heard.status = response.statusCode ?? 0
    const isStream = response.headers['content-type']?.startsWith('text/event-stream') ?? false
    let text = ''
    response.setEncoding('utf8').on('error', () => { finish('broken') }).on('close', () => { finish('broken') })
    response.on('data', (chunk: string) => {
      text += chunk
      for (let end = text.indexOf('\n\n'); isStream && end >= 0; end = text.indexOf('\n\n')) {
        const block = text.slice(0, end)
        text = text.slice(end + 2)
        if (block.startsWith('data: ')) take(JSON.parse(block.slice('data: '.length)) as Said)
      }
    })
    response.on('end', () => {
      if (!response.complete) { finish('broken'); return }
      if (isStream) { finish('cut'); return }
      const body = text.startsWith('{') ? JSON.parse(text) as Said : {}
      if (heard.status !== 200) {
        heard.code = body.code
        finish('error')
        return
      }
      heard.ids = { message: body.message_id ?? '', conversation: body.conversation_id ?? '', task: body.task_id ?? '' }
      heard.text = body.answer ?? ''
      finish('whole')
    })
  })
  asked.end(content)
})
