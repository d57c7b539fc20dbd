/** The laws of `httpClient`, over real connections to servers of this machine, which only a request that trusts them may reach. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer, text as readText } from 'node:stream/consumers'
import { httpClient, OutboundRefused } from '../../../core/index.ts'
import type { HttpClient } from '../../../core/index.ts'
import { assert, defineContract, eventually } from './kit.ts'

interface Seen { readonly method: string; readonly path: string; readonly headers: Readonly<Record<string, string | undefined>>; readonly body: string }
interface Origin { readonly url: string; readonly port: number; readonly seen: readonly Seen[]; readonly ended: () => number }
type Answer = (req: IncomingMessage, res: ServerResponse, body: string) => void

/** A server that answers while `run` runs, and remembers what it was asked. */
const withOrigin = async <T>(answer: Answer, run: (origin: Origin) => Promise<T>): Promise<T> => {
  const seen: Seen[] = []
  let ended = 0
  const server = createServer((req, res) => {
    res.once('close', () => { ended += 1 })
    void readText(req).then((body) => {
      seen.push({ method: req.method ?? '', path: req.url ?? '', headers: req.headers as Seen['headers'], body })
      answer(req, res, body)
    }, () => undefined)
  })
  await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done) })
  const { port } = server.address() as AddressInfo
  try { return await run({ url: `http://127.0.0.1:${port}`, port, seen, ended: () => ended }) } finally {
    server.closeAllConnections()
    await new Promise((done) => { server.close(done) })
  }
}
const here: Answer = (_req, res) => { res.end('here') }
const to = (location: string, status = 302): Answer => (req, res) => {
  if (req.url === '/end') res.end('the end')
  else res.writeHead(status, { location }).end()
}
const refuses = async (work: () => Promise<unknown>, what: string): Promise<void> => { await assert.rejects(work, OutboundRefused, `${what} was not refused`) }
const refusesBoth = async ({ send, check }: HttpClient, url: string): Promise<void> => {
  await refuses(() => send({ url }), url)
  await refuses(() => check(url), `${url}, which was only checked,`)
}

/** Some ways to write this machine. */
const OWN = [
  '127.0.0.1', '127.1', '2130706433', '0x7f.0.0.1', '0x7f000001', '0177.0.0.1', '127。0。0。1', '127.0.0.1.', '0', '0.0.0.0', 'localhost', 'LOCALHOST', 'localhost.',
  '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[64:ff9b::127.0.0.1]', '[::127.0.0.1]',
]
const PRIVATE = [
  '10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '169.254.169.254', '224.0.0.1', '255.255.255.255',
  '[fd00::1]', '[fe80::1]', '[ff02::1]', '[64:ff9b::a9fe:a9fe]', '[2002:7f00:1::]',
]
const NO_WEB = [
  'file:///etc/passwd', 'gopher://127.0.0.1/', 'ftp://example.org/', 'data:text/plain,a', 'unix:/run/a.sock', 'javascript:0', 'ws://example.org/',
  '//example.org', 'example.org', '', 'http://', 'http://a b/', 'https://user@example.org/', 'https://:word@example.org/', 'http://example.org@127.0.0.1/',
]
/** Names and values of which one would become two. */
const BAD_HEADERS: readonly Record<string, string>[] = [
  { 'x-a': 'b\r\nx-c: d' }, { 'x-a': 'b\nx-c: d' }, { 'x-a': 'b\r\n\r\nGET /smuggled HTTP/1.1' }, { 'x-a\r\nx-c': 'd' }, { 'x-a': '\0' }, { 'x-a: b': 'c' }, { '': 'a' }, { 'x-a': '知' },
]

export const httpClientContract = defineContract(httpClient, {
  laws: {
    'gives status, headers and body of an answer, whatever its status': (subject) => withOrigin((req, res) => {
      res.writeHead(Number(req.url?.slice(1)), { 'X-Own': 'kept', 'content-type': 'application/json' }).end('{"text":"知识"}')
    }, async ({ url }) => {
      for (const status of [200, 201, 400, 404, 500, 503]) {
        const ask = () => subject.send({ url: `${url}/${status}`, trusts: url })
        const answer = await ask()
        assert.deepEqual([answer.status, answer.headers['x-own'], await answer.json()], [status, 'kept', { text: '知识' }])
        assert.equal(await (await ask()).text(), '{"text":"知识"}')
        assert.equal((await buffer((await ask()).body)).toString(), '{"text":"知识"}')
      }
    }),
    'sends method, headers, and a body of any kind as it is': (subject) => withOrigin(here, async ({ url, seen }) => {
      const headers = { Authorization: 'Bearer abc', 'X-Any': 'a, b; c="d"' }
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) await (await subject.send({ url: `${url}/a%20b?c=d`, method, headers, trusts: url })).text()
      assert.deepEqual(seen.map(({ method, path, headers }) => [method, path, headers['authorization'], headers['x-any']]),
        ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [method, '/a%20b?c=d', 'Bearer abc', 'a, b; c="d"']))
      for (const sent of [{ json: { a: ['é', null] } }, { body: 'é\0' }, { body: Buffer.from('é') }]) await (await subject.send({ url, method: 'POST', trusts: url, ...sent })).text()
      assert.deepEqual(seen.slice(-3).map(({ body }) => body), ['{"a":["é",null]}', 'é\0', 'é'])
      assert.match(seen.at(-3)?.headers['content-type'] ?? '', /^application\/json/)
    }),
    'passes an answer on as it comes': (subject) => {
      let next = (): void => undefined
      return withOrigin((_req, res) => {
        let n = 0
        next = () => { if (n < 3) res.write(`${n += 1}`); else res.end() }
        next()
      }, async ({ url }) => {
        let got = ''
        for await (const piece of (await subject.send({ url, trusts: url })).body) {
          got += String(piece)
          next()
        }
        assert.equal(got, '123')
      })
    },
    'refuses addresses that are not public, however they are written, and calls none': (subject) => withOrigin(here, async ({ port, seen }) => {
      for (const host of [...OWN, ...PRIVATE]) await refusesBoth(subject, `http://${host}:${port}/`)
      assert.deepEqual(seen, [])
    }),
    'refuses what is not of the web, or has a password in it': async (subject) => {
      for (const url of NO_WEB) await refusesBoth(subject, url)
    },
    'trusts an origin that a request names, and lets no other request in by it': (subject) => withOrigin(here, (first) => withOrigin(here, async (second) => {
      assert.equal(await (await subject.send({ url: first.url, trusts: first.url })).text(), 'here')
      await refusesBoth(subject, first.url)
      await refuses(() => subject.send({ url: second.url, trusts: first.url }), 'another port of a trusted host')
      await refuses(() => subject.send({ url: `http://localhost:${first.port}`, trusts: first.url }), 'another name of a trusted host')
      assert.deepEqual([first.seen.length, second.seen.length], [1, 0])
    })),
    'follows redirects, and lets none lead where a request could not go': (subject) => withOrigin(here, async (inner) => {
      for (const status of [301, 302, 303, 307, 308]) {
        await withOrigin(to('/end', status), async ({ url, seen }) => {
          assert.equal(await (await subject.send({ url, method: 'POST', json: { a: 1 }, headers: { authorization: 'Bearer abc' }, trusts: url })).text(), 'the end')
          const last = seen.at(-1)
          assert.deepEqual([last?.method, last?.body, last?.headers['authorization']], [...status < 307 ? ['GET', ''] : ['POST', '{"a":1}'], 'Bearer abc'], `after ${status}`)
        })
        for (const location of [inner.url, `http://localhost:${inner.port}`, 'http://169.254.169.254/', 'file:///etc/passwd', `http://a:b@127.0.0.1:${inner.port}/`, '//0/']) {
          await withOrigin(to(location, status), ({ url }) => refuses(() => subject.send({ url, trusts: url }), `a redirect to ${location}`))
        }
      }
      assert.deepEqual(inner.seen, [])
    }),
    'ends a chain of redirects that has no end': (subject) => withOrigin(to('/again'), async ({ url, seen }) => {
      await assert.rejects(subject.send({ url, trusts: url }), /redirect/)
      assert.ok(seen.length < 50, `it followed ${seen.length} of them`)
    }),
    'waits no longer than it may for an answer, nor for its next piece': (subject) => withOrigin((req, res) => { if (req.url === '/piece') res.write('a') }, async ({ url, ended }) => {
      await assert.rejects(subject.send({ url: `${url}/answer`, trusts: url, timeout: 200 }), /200 ms/)
      await assert.rejects(async () => (await subject.send({ url: `${url}/piece`, trusts: url, timeout: 200 })).text(), /200 ms/)
      await eventually(() => ended() === 2, 'both connections are given up')
    }),
    'reads no more than it may': (subject) => withOrigin((_req, res) => {
      const more = (): void => { if (!res.destroyed) res.write(Buffer.alloc(10_000), more) }
      more()
    }, async ({ url, ended }) => {
      for (const read of ['text', 'json'] as const) await assert.rejects(async () => (await subject.send({ url, trusts: url, maxBytes: 100_000 }))[read](), /100000 bytes/)
      await assert.rejects(async () => buffer((await subject.send({ url, trusts: url, maxBytes: 100_000 })).body), /100000 bytes/)
      await eventually(() => ended() === 3, 'the connections are given up')
    }),
    'stops when it is told to, before an answer and within one': (subject) => withOrigin((req, res) => { if (req.url === '/piece') res.write('a') }, async ({ url, ended }) => {
      const reason = new Error('no longer wanted')
      for (const path of ['/answer', '/piece']) {
        const stop = new AbortController()
        const work = (async () => (await subject.send({ url: url + path, trusts: url, signal: stop.signal })).text())()
        setTimeout(() => { stop.abort(reason) }, 100)
        await assert.rejects(work, reason)
      }
      await assert.rejects(subject.send({ url, trusts: url, signal: AbortSignal.abort(reason) }), reason)
      await eventually(() => ended() === 2, 'the connections are given up')
    }),
    'fails where an answer breaks off, and says so of a text that is no JSON': (subject) => withOrigin((req, res) => {
      if (req.url === '/none') res.destroy()
      else if (req.url === '/text') res.end('<html>')
      else { res.writeHead(200, { 'content-length': '10' }).write('a'); setTimeout(() => { res.destroy() }, 50) }
    }, async ({ url }) => {
      await assert.rejects(subject.send({ url: `${url}/none`, trusts: url }))
      await assert.rejects(async () => (await subject.send({ url: `${url}/part`, trusts: url })).text())
      await assert.rejects(async () => (await subject.send({ url: `${url}/text`, trusts: url })).json(), /JSON/)
    }),
    'sends no header that has another one in it': (subject) => withOrigin(here, async ({ url, seen }) => {
      for (const headers of BAD_HEADERS) await assert.rejects(subject.send({ url, trusts: url, headers }), /header/)
      assert.deepEqual(seen, [])
    }),
    'tells in no error what a secret could be': (subject) => withOrigin((req, res) => { if (req.url?.startsWith('/hang') !== true) res.destroy() }, async ({ url }) => {
      const secret = 'Sup3rSecret'
      const tries = ['/hang', '/cut'].map((path) => ({ url: `${url}${path}?key=${secret}`, trusts: url, timeout: 100 }))
      const closed = { url: `http://127.0.0.1:1/?key=${secret}`, trusts: 'http://127.0.0.1:1' }
      for (const one of [...tries, closed, ...[`${url}?key=${secret}`, `http://user:${secret}@127.0.0.1/`, `http://${secret} /`].map((url) => ({ url }))]) {
        await assert.rejects(subject.send({ ...one, headers: { authorization: `Bearer ${secret}`, 'x-any': secret } }), (error: Error) => !error.message.includes(secret))
      }
      await assert.rejects(subject.send({ url, trusts: url, headers: { 'x-bad': `${secret}\n` } }), (error: Error) => !error.message.includes(secret))
    }),
  },
})
