/** The files of documents: links that hold for what they were made for and nothing else, bytes that run nowhere, names that lead nowhere. */
import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { database, storage } from '../core/index.ts'
import { fileLinks } from '../plugins/datasets/services/file-links.ts'
import { downloadName } from '../plugins/datasets/services/file-names.ts'
import { automatic, knowledge } from './support/knowledge.ts'
import type { Knowledge } from './support/knowledge.ts'

let world: Knowledge
let dataset: { id: string }
const base = 'https://files.example.org/here'
test.before(async () => {
  world = await knowledge({ only: ['web'], config: { server: { publicUrl: base } } })
  dataset = await world.newDataset()
})
test.after.always(() => world.app.close())

const settings = { indexing_technique: 'economy', process_rule: automatic, duplicate: false }
const linkOf = async (documentId: string): Promise<string> => {
  const { status, body } = await world.api.send('GET', `/v1/datasets/${dataset.id}/documents/${documentId}/download`)
  if (status !== 200) throw new Error(JSON.stringify(body))
  const { url } = body as { url: string }
  return url
}
/** As whoever has the link and nothing else. */
const follow = (url: string, method = 'GET'): Promise<Response> => world.app.fetch(url.replace(base, ''), { method })
const added = async (name: string, content: string | Buffer): Promise<string> => {
  const { status, body } = await world.addFile(dataset, name, content, settings)
  if (status !== 200) throw new Error(JSON.stringify(body))
  return (body as { document: { id: string } }).document.id
}
const message = async (response: Response): Promise<string> => (await response.json() as { message: string }).message

test.serial('a link serves the bytes of the file as they were sent, and those of a text', async (t) => {
  const bytes = Buffer.concat([Buffer.from('# Leave\n\nSixteen weeks, déjà vu.'), Buffer.from([10, 0xe9, 13, 10])])
  const url = await linkOf(await added('leave.md', bytes))
  t.true(url.startsWith(`${base}/files/`))
  for (let times = 0; times < 2; times++) {
    const answer = await follow(url)
    t.deepEqual([answer.status, Buffer.from(await answer.arrayBuffer()).equals(bytes)], [200, true])
    t.is(answer.headers.get('content-disposition'), 'attachment; filename="leave.md"')
  }
  t.is((await follow(url, 'HEAD')).status, 200)
  const { body } = await world.addText(dataset, 'a/b: notes', 'The heron waits.', settings)
  const answer = await follow(await linkOf((body as { document: { id: string } }).document.id))
  t.deepEqual([answer.headers.get('content-type'), answer.headers.get('content-disposition')], ['text/plain; charset=utf-8', 'attachment; filename="a_b_ notes.txt"'])
  t.is(await answer.text(), 'The heron waits.')
})

test.serial('a link is only for whoever may read the document', async (t) => {
  const id = await added('mine.txt', 'mine')
  const [path, other] = [`/v1/datasets/${dataset.id}/documents/${id}/download`, await world.newDataset() as { id: string }]
  t.is((await world.app.fetch(path)).status, 401)
  t.is((await world.app.fetch(path, { token: await world.newToken(other.id) })).status, 403)
  t.is((await world.api.send('GET', `/v1/datasets/${other.id}/documents/${id}/download`)).status, 404)
  t.is((await world.api.send('GET', `/v1/datasets/${dataset.id}/documents/${randomUUID()}/download`)).status, 404)
})

/** The parts of a link, each of which it is bound by. */
const PARTS = ['file_id', 'workspace_id', 'timestamp', 'nonce', 'sign'] as const
type Parts = Record<typeof PARTS[number], string>
const take = (link: string): Parts => {
  const { pathname, searchParams } = new URL(link)
  return { ...Object.fromEntries(searchParams), file_id: pathname.split('/').at(-2) ?? '' } as Parts
}
const put = ({ file_id, ...query }: Partial<Parts>, more = ''): string => `/files/${encodeURIComponent(file_id ?? '')}/download?${new URLSearchParams(query).toString()}${more}`

test.serial('whatever is changed in a link, it is refused', async (t) => {
  const [link, other] = [take(await linkOf(await added('one.txt', 'one'))), take(await linkOf(await added('two.txt', 'two')))]
  t.deepEqual(Object.keys(link).sort(), [...PARTS].sort())
  t.is((await follow(put(link))).status, 200, 'as it was made')
  const refused = async (what: string): Promise<void> => { t.is((await follow(what)).status, 403, what) }
  for (const part of PARTS) {
    const { [part]: value, ...without } = link
    if (part !== 'file_id') await refused(put(without))
    for (const changed of [other[part], `${value}0`, ` ${value}`, `${value}\0`, value.slice(0, -1), value.toUpperCase(), `0${value}`, `+${value}`, '-1', '1e9', '__proto__', randomUUID(), 'x'.repeat(2_000), '☃']) {
      if (changed !== value) await refused(put({ ...link, [part]: changed }))
    }
    if (part !== 'file_id') await refused(put(link, `&${part}=${value}`))
  }
  await fc.assert(fc.asyncProperty(fc.constantFrom(...PARTS), fc.nat(), fc.integer({ min: 1, max: 255 }), async (part, at, flip) => {
    const bytes = Buffer.from(link[part])
    const place = at % bytes.length
    bytes[place] = (bytes[place] ?? 0) ^ flip
    const { status } = await follow(put({ ...link, [part]: bytes.toString('latin1') }))
    if (status !== 403) throw new Error(`${part}: ${bytes.toString('latin1')} is answered with ${status}`)
  }), { numRuns: 100 })
})

/** Makes a link as it was made so many seconds ago. */
const earlier = (fileId: string, seconds: number): string => {
  const { now } = Date
  Date.now = () => now() - seconds * 1_000
  try { return world.app.resolve(fileLinks).download({ workspaceId: world.owner.workspaceId, fileId }) } finally { Date.now = now }
}

test.serial('a link ends, and what is gone is only told by a link that holds', async (t) => {
  const id = await added('old.txt', 'old')
  const { file_id } = take(await linkOf(id))
  t.is((await follow(earlier(file_id, 200))).status, 200)
  const late = await follow(earlier(file_id, 302))
  t.deepEqual([late.status, await message(late)], [403, 'This link is too old. Ask for a new one.'])
  const changed = await follow(put({ ...take(earlier(file_id, 302)), timestamp: String(Math.floor(Date.now() / 1_000)) }))
  t.deepEqual([changed.status, await message(changed)], [403, 'This link is not valid. Ask for a new one.'])

  const link = take(await linkOf(id))
  const nobody = randomUUID()
  t.is((await follow(put({ ...link, file_id: nobody }))).status, 403)
  t.is((await follow(earlier(nobody, 0))).status, 404)
  // As where a disk was lost.
  const [row] = await world.app.resolve(database).query<{ storage_key: string }>('SELECT storage_key FROM upload_files WHERE id = $1', [file_id])
  await world.app.resolve(storage).delete(row?.storage_key ?? '')
  t.is((await follow(put(link))).status, 404)
  t.is((await world.api.send('DELETE', `/v1/datasets/${dataset.id}/documents/${id}`)).status, 204)
  t.is((await follow(put(link))).status, 404)
  t.is((await follow(put({ ...link, nonce: '0'.repeat(32) }))).status, 403)
})

const SCRIPT = '<script>alert(1)</script>'
const POLYGLOTS: Readonly<Record<string, string>> = {
  html: `<!doctype html><html><body>${SCRIPT}</body></html>`,
  svg: `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">${SCRIPT}</svg>`,
  xml: `<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#"?><html xmlns="http://www.w3.org/1999/xhtml">${SCRIPT}</html>`,
  gif: `GIF89a/*${SCRIPT}*/=1;`, pdf: `%PDF-1.4\n${SCRIPT}`, utf7: '+ADw-script+AD4-alert(1)+ADw-/script+AD4-', bom: `\ufeff${SCRIPT}`,
}

test.serial('nothing that was uploaded can run in a browser', async (t) => {
  for (const [kind, content] of Object.entries(POLYGLOTS)) {
    await Promise.all(['txt', 'md', 'HTML'].map(async (ending) => {
      const answer = await follow(await linkOf(await added(`${kind}.${ending}`, content)))
      const said = Object.fromEntries(['content-type', 'content-disposition', 'x-content-type-options', 'content-security-policy', 'cache-control'].map((name) => [name, answer.headers.get(name)]))
      t.is(said['content-type'], ending.toLowerCase() === 'txt' ? 'text/plain; charset=utf-8' : 'application/octet-stream', `${kind}.${ending}`)
      t.regex(said['content-disposition'] ?? '', /^attachment; filename="/)
      t.deepEqual([said['x-content-type-options'], said['content-security-policy'], said['cache-control']], ['nosniff', "sandbox; default-src 'none'; frame-ancestors 'none'", 'private, no-store'])
      t.true(Buffer.from(await answer.arrayBuffer()).equals(Buffer.from(content)))
    }))
  }
})

const marker = `escaped-${randomUUID()}`
const NAMES = [
  `../${marker}.txt`, `../../../../../tmp/${marker}.txt`, `/tmp/${marker}.txt`, `..\\..\\${marker}.txt`, `C:\\${marker}.txt`, `\\\\host\\share\\${marker}.txt`, `%2e%2e%2f${marker}.txt`, `%252e%252e%252f${marker}.txt`,
  `..%c0%af${marker}.txt`, `${marker}.txt\0.html`, `a\0/../${marker}.txt`, `a;b=${marker}.txt`, `a"; filename="${marker}.html.txt`, `${marker}\r\nSet-Cookie: a=b.txt`, `${marker}\nx.txt`, `\u202Etxt.${marker}.md`, `\u200F\u200E\u061C${marker}.txt`,
  `....//${marker}.txt`, `.${marker}.txt`, `~/${marker}.txt`, `${marker}.txt.`, `${marker} .txt `, 'nul.txt', '..txt', '.txt', '知识 déjà.txt', '😀.txt', `${'ü'.repeat(300)}.txt`, "a'b(c)%41.txt", 'e\u0301.txt', '"quoted".txt', `$(${marker}).txt`, '-rf.txt', '__proto__.txt',
]
/** A form whose file is named as it is, in one of the two ways that there are. */
const uploadAs = (name: string, encoded: boolean): Promise<Response> => {
  const said = encoded ? `filename*=UTF-8''${encodeURIComponent(name)}` : `filename="${name.replace(/["\\]/g, '\\$&').replace(/[\r\n]/g, (sign) => encodeURIComponent(sign))}"`
  const parts = [`Content-Disposition: form-data; name="data"\r\n\r\n${JSON.stringify(settings)}`, `Content-Disposition: form-data; name="file"; ${said}\r\n\r\nThe heron waits.`]
  return token.then((key) => world.app.fetch(`/v1/datasets/${dataset.id}/document/create-by-file`, {
    method: 'POST', token: key, headers: { 'content-type': 'multipart/form-data; boundary=xyz' }, body: `${parts.map((part) => `--xyz\r\n${part}\r\n`).join('')}--xyz--\r\n`,
  }))
}
let token: Promise<string>
const tree = async (folder: string): Promise<string[]> => (await readdir(folder, { recursive: true, withFileTypes: true }))
  .filter((one) => one.isFile()).map((one) => relative(folder, join(one.parentPath, one.name))).filter((path) => !path.startsWith('database'))

test.serial('a name is refused or leads nowhere: neither where it is stored nor where it is saved', async (t) => {
  token = world.newToken()
  const before = new Set(await tree(world.app.dataDir))
  let [taken, refused] = [0, 0]
  const strange = fc.sample(fc.string({ unit: fc.constantFrom('..', '/', '\\', '%2e', '%2f', '%25', ';', '"', '\0', '\r\n', '\u202E', '\u2067', '\u200F', 'a', '.', ' ', '%', ':', '*', "'"), minLength: 1, maxLength: 12 }), { numRuns: 40, seed: 7 })
  await Promise.all([...NAMES, ...strange.map((one) => `${one}.txt`)].map(async (name) => {
    for (const encoded of [false, true]) {
      const answer = await uploadAs(name, encoded)
      const body = await answer.json() as { document: { id: string; name: string } }
      if (answer.status === 400) { refused += 1; continue }
      t.is(answer.status, 200, `${JSON.stringify(name)}: ${JSON.stringify(body)}`)
      taken += 1
      t.notRegex(body.document.name, /[/\\\p{Cc}\u202A-\u202E\u2066-\u2069]/u)
      const served = await follow(await linkOf(body.document.id))
      t.deepEqual([served.status, await served.text()], [200, 'The heron waits.'], JSON.stringify(name))
      const said = served.headers.get('content-disposition') ?? ''
      t.regex(said, /^attachment; filename="[^"\\/]+\.(?:txt|md|html)"(?:; filename\*=UTF-8''[\w.!#$&+^`|~%-]+)?$/i, JSON.stringify(name))
      const saved = decodeURIComponent(/\*=UTF-8''(.*)$/.exec(said)?.[1] ?? '') || (/"(.*)"/.exec(said)?.[1] ?? '')
      t.notRegex(saved, /[/\\\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069;:*%"]|^[.\s]|[.\s]$/u, JSON.stringify(name))
      t.is(served.headers.get('set-cookie'), null)
    }
  }))
  t.true(taken > 40 && refused > 20, `${taken} names were taken, ${refused} refused`)
  const made = (await tree(world.app.dataDir)).filter((path) => !before.has(path))
  t.is(made.length, taken)
  for (const path of made) t.regex(path, /^storage\/uploads\/[0-9a-f-]{36}$/)
  for (let folder = world.app.dataDir; folder !== '/'; folder = join(folder, '..')) t.false((await readdir(folder)).some((name) => name.includes(marker)), folder)
})

test('a name to save under is a file name on every system', (t) => {
  const names: Record<string, string> = { 'a/b': 'a_b.txt', '..': 'file.txt', '': 'file.txt', 'a.html': 'a.html.txt', 'A.TXT': 'A.TXT', ' .a. ': 'a.txt', 'a\r\nb.txt': 'ab.txt', '知.txt': '知.txt' }
  for (const [label, name] of Object.entries(names)) t.is(downloadName(label, 'txt'), name)
})
