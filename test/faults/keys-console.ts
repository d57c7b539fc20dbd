/** What those who make and change keys say to a server: the console's addresses, with a session. */
import { Agent, request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import pg from 'pg'

export interface Reply { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: any }
/** A session: the headers that carry it. */
export type Session = Readonly<Record<string, string>>

const password = 'correct horse 42'
const email = (name: string): string => `${name}@example.org`
const agent = new Agent({ keepAlive: true })
/** Closes what rested: a server may close it in the moment in which it is used again. */
export const forgetConnections = (): void => { agent.destroy() }

/** Rejects where there is no whole answer within `patience` milliseconds, or the connection breaks. */
export const send = (url: string, method: string, path: string, headers: Session, body: unknown, patience: number): Promise<Reply> => new Promise((resolve, reject) => {
  const content = body === undefined ? undefined : JSON.stringify(body)
  const asked = request(url + path, { agent, method, headers: { ...headers, ...content === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) } } }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('error', fail)
    response.on('end', () => {
      clearTimeout(impatience)
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) as unknown : text })
    })
  })
  const fail = (error: Error): void => {
    clearTimeout(impatience)
    reject(error)
  }
  const impatience = setTimeout(() => { asked.destroy(new Error(`no answer within ${patience} ms`)) }, patience)
  asked.on('error', fail).end(content)
})
/** For what is done while nothing is disturbed. */
const surely = async (url: string, method: string, path: string, headers: Session, body?: unknown): Promise<Reply> => {
  const reply = await send(url, method, path, headers, body, 20_000)
  if (reply.status >= 300) throw new Error(`${method} ${path} was answered ${reply.status} ${JSON.stringify(reply.body)}`)
  return reply
}

export const signIn = async (url: string, name: string): Promise<Session> => {
  const { headers } = await surely(url, 'POST', '/console/api/login', {}, { email: email(name), password: Buffer.from(password).toString('base64') })
  const cookies = (headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0] ?? '')
  return { cookie: cookies.join('; '), 'x-csrf-token': cookies.find((cookie) => cookie.includes('csrf_token='))?.split('=')[1] ?? '' }
}
/** The first owner; once for a deployment. */
export const setUp = (url: string, name: string): Promise<unknown> => surely(url, 'POST', '/console/api/setup', {}, { email: email(name), name, password })

/** An admin beside the owner, with the owner's password. As rows: an invitation would want a mail to be read. */
export const addMember = async (database: string, name: string): Promise<string> => {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  try {
    const { rows: [account] } = await client.query<{ id: string }>(`
      INSERT INTO accounts (id, email, password_hash, name, interface_language, interface_theme, timezone, status, created_at, updated_at)
      SELECT gen_random_uuid(), $1, password_hash, $2, interface_language, interface_theme, timezone, status, now(), now() FROM accounts ORDER BY created_at LIMIT 1 RETURNING id`, [email(name), name])
    await client.query(`
      INSERT INTO workspace_members (workspace_id, account_id, role, current, created_at)
      SELECT workspace_id, $1, 'admin', true, now() FROM workspace_members WHERE role = 'owner' LIMIT 1`, [account?.id])
    return account?.id ?? ''
  } finally { await client.end() }
}
export const makeDataset = async (url: string, token: string, name: string): Promise<string> =>
  ((await surely(url, 'POST', '/v1/datasets', { authorization: `Bearer ${token}` }, { name, indexing_technique: 'economy' })).body as { id: string }).id
/** Of everything. */
export const makeKey = async (url: string, session: Session): Promise<string> => ((await surely(url, 'POST', '/console/api/datasets/api-keys', session, {})).body as { token: string }).token
