/**
 * What somebody would write who needed `GET /v1/datasets/{dataset_id}` and nothing else: `koa` with its router, or bare `node:http`, and the
 * driver. It makes the same checks (a remembered key, its hash, a well-formed id, what the key reaches) and the same query, and answers the same.
 *
 *   PORT=… DATABASE_URL=… TOKEN=… WORKSPACE=… node --import=@oxc-node/core/register test/bench/read-plain.ts koa|node
 */
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import Router from '@koa/router'
import Koa from 'koa'
import pg from 'pg'
import type { DatasetRow } from '../../plugins/datasets/models/dataset.ts'
import { presentDataset } from '../../plugins/datasets/presenters/dataset.ts'

const { PORT = '0', DATABASE_URL = '', TOKEN = '', WORKSPACE = '' } = process.env
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 })
const hash = (token: string): string => createHmac('sha256', 'a pepper that only this program would use').update(token).digest('hex')
interface Key { readonly workspaceId: string; readonly expiresAt: number | null; readonly reach: 'all' | readonly string[] }
const known = new Map<string, Key>([[hash(TOKEN), { workspaceId: WORKSPACE, expiresAt: null, reach: 'all' }]])
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const SQL = `SELECT d.*, a.name AS author, c.documents, c.available, c.words,
    (SELECT coalesce(json_agg(json_build_object('id', t.id, 'name', t.name, 'type', 'knowledge') ORDER BY t.name), '[]')
     FROM dataset_tag_bindings b JOIN dataset_tags t ON t.workspace_id = b.workspace_id AND t.id = b.tag_id WHERE b.workspace_id = d.workspace_id AND b.dataset_id = d.id) AS tags,
    (SELECT coalesce(json_agg(json_build_object('id', f.id, 'name', f.name, 'type', f.type) ORDER BY f.created_at, f.id), '[]')
     FROM dataset_metadata f WHERE f.workspace_id = d.workspace_id AND f.dataset_id = d.id) AS fields
  FROM datasets d LEFT JOIN accounts a ON a.id = d.created_by CROSS JOIN LATERAL (
    SELECT count(*)::int AS documents, coalesce(sum(word_count), 0)::float8 AS words,
      count(*) FILTER (WHERE indexing_status = 'completed' AND enabled AND NOT archived)::int AS available
    FROM documents WHERE workspace_id = d.workspace_id AND dataset_id = d.id) AS c
  WHERE d.workspace_id = $1 AND d.id = $2`

type Row = DatasetRow & { author: string | null; documents: number; available: number; words: number; tags: []; fields: [] }
interface Answer { readonly status: number; readonly body: object }
const refused = (status: number, code: string): Answer => ({ status, body: { code, message: code, status } })
const answer = async (authorization: string | undefined, id: string): Promise<Answer> => {
  const [, token] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? []
  const key = token === undefined ? undefined : known.get(hash(token))
  if (!key || key.expiresAt !== null && key.expiresAt <= Date.now()) return refused(401, 'unauthorized')
  if (!UUID.test(id)) return refused(404, 'not_found')
  if (key.reach !== 'all' && !key.reach.includes(id.toLowerCase())) return refused(403, 'forbidden')
  const { rows: [row] } = await pool.query<Row>(SQL, [key.workspaceId, id])
  if (!row) return refused(404, 'not_found')
  if (!row.enable_api) return refused(403, 'forbidden')
  return { status: 200, body: presentDataset(row, { ...row, authorName: row.author, embeddingAvailable: true }) }
}

if (process.argv[2] === 'koa') {
  const router = new Router()
  router.get('/v1/datasets/:id', async (ctx) => {
    const { status, body } = await answer(ctx.get('authorization'), ctx.params['id'] ?? '')
    ctx.status = status
    ctx.body = body
  })
  new Koa().use(router.routes()).listen(Number(PORT), '127.0.0.1')
} else {
  createServer((request, response) => {
    void (async () => {
      const [, id = ''] = /^\/v1\/datasets\/([^/?]+)/.exec(request.url ?? '') ?? []
      const { status, body } = await answer(request.headers.authorization, id)
      const text = JSON.stringify(body)
      response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(text) }).end(text)
    })()
  }).listen(Number(PORT), '127.0.0.1')
}
