/** Requests to other machines: what is refused however it is written, resolved or redirected, and what the operator may allow. */
import { lookup } from 'node:dns/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import test from 'ava'
import fc from 'fast-check'
import { buildConnector } from 'undici'
import { httpClient, OutboundRefused, vault } from '../core/index.ts'
import type { StartupError } from '../core/index.ts'
import { testApp } from '../core/testing.ts'
import { localVault } from '../plugins/platform/adapters/vault-local.ts'
import { readAllowed } from '../plugins/platform/services/outbound-addresses.ts'
import { guardedClient } from '../plugins/platform/services/outbound-client.ts'
import type { GuardedClient } from '../plugins/platform/services/outbound-client.ts'
import type { Lookup, Wire } from '../plugins/platform/services/outbound-connections.ts'
import { alone } from './support/alone.ts'

interface Server { readonly port: number; readonly url: string; readonly seen: IncomingMessage[] }
const servers: (() => void)[] = []
const serve = async (answer: (req: IncomingMessage, res: ServerResponse) => void): Promise<Server> => {
  const seen: IncomingMessage[] = []
  const server = createServer((req, res) => { seen.push(req); answer(req, res) })
  await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done) })
  servers.push(() => { server.closeAllConnections(); server.close() })
  const { port } = server.address() as AddressInfo
  return { port, url: `http://127.0.0.1:${port}`, seen }
}
/** A name server: each name has the addresses that it is given, for each question the next ones. */
const names = (zone: Readonly<Record<string, readonly (readonly string[])[]>>): Lookup & { asked: string[] } => {
  const asked: string[] = []
  return Object.assign(async (host: string) => {
    const answers = zone[host]
    if (!answers) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' })
    asked.push(host)
    const at = asked.filter((one) => one === host).length - 1
    return (answers[Math.min(at, answers.length - 1)] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }, { asked })
}
const client = (allow: readonly string[] = [], wire: Wire = {}, more: object = {}): GuardedClient => {
  const made = guardedClient({ allow: allow.flatMap((entry) => readAllowed(entry) ?? []), timeoutMs: 5_000, maxBytes: 1_000_000, maxRedirects: 5, ...more }, wire)
  servers.push(() => { void made.close() })
  return made
}
test.after.always(() => { for (const close of servers) close() })

const NOT_PUBLIC = [
  '0.0.0.0', '0.1.2.3', '10.0.0.0', '10.255.255.255', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.192', '192.0.2.1', '192.88.99.1', '192.168.0.1',
  '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '::', '::1', '::127.0.0.1', '::ffff:10.0.0.1', '::ffff:0:127.0.0.1', '64:ff9b::a00:1', '64:ff9b:1::8.8.8.8', '100::1', '2001::1', '2001:db8::1',
  '2001:10::1', '2002:7f00:1::', '2002:808:808::', '3fff::1', '5f00::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fec0::1', 'ff02::1', '4000::1', 'e000::1',
]
const PUBLIC = ['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.1', '100.63.255.255', '100.128.0.1', '126.0.0.1', '128.0.0.1', '172.15.0.1', '172.32.0.1', '192.167.0.1', '223.255.255.255', '2606:4700::1111', '2a00:1450:4001::8', '64:ff9b::808:808', '::ffff:8.8.8.8']
const inUrl = (address: string): string => address.includes(':') ? `[${address}]` : address

test('addresses are public or refused, written or resolved, alone or among others', async (t) => {
  const dns = names(Object.fromEntries([...NOT_PUBLIC, ...PUBLIC].flatMap((address, n) => [[`a${n}.example.org`, [[address]]], [`b${n}.example.org`, [['8.8.8.8', address]]]])))
  const { check, send } = client([], { lookup: dns })
  for (const [n, address] of [...NOT_PUBLIC, ...PUBLIC].entries()) {
    for (const host of [inUrl(address), `a${n}.example.org`, `b${n}.example.org`, `A${n}.Example.ORG`]) {
      if (PUBLIC.includes(address)) await t.notThrowsAsync(check(`https://${host}/`), `${host} (${address})`)
      else for (const ask of [check, (url: string) => send({ url })]) await t.throwsAsync(ask(`http://${host}/`), { instanceOf: OutboundRefused }, `${host} (${address})`)
    }
  }
  t.deepEqual((await check('https://nobody.example.org/').catch((error: unknown) => error)) instanceof OutboundRefused, false, 'a name that does not exist is not forbidden')
})

test('any spelling of an address that is not public is refused', async (t) => {
  const { check } = client()
  const numbers = fc.constantFrom('127.0.0.1', '10.1.2.3', '169.254.169.254', '192.168.1.1', '0.0.0.0', '100.64.1.1').map((address) => address.split('.').map(Number))
  const spellings = (bytes: readonly number[]): string[] => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes
    const whole = ((a * 256 + b) * 256 + c) * 256 + d
    const groups = [(a * 256 + b).toString(16), (c * 256 + d).toString(16)].join(':')
    const mixed = [`0x${a.toString(16)}`, `0${b.toString(8)}`, String(c), `0X${d.toString(16)}`].join('.')
    return [
      whole.toString(), `0x${whole.toString(16)}`, `0${whole.toString(8)}`, `${a}.${(b * 256 + c) * 256 + d}`, `${a}.${b}.${c * 256 + d}`, mixed, `${bytes.join('.')}.`, bytes.join('。'), bytes.join('．'), bytes.join('｡'), bytes.join('%2e'),
      bytes.join('.').replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))), `[::ffff:${bytes.join('.')}]`, `[::ffff:${groups}]`, `[0:0:0:0:0:ffff:${groups}]`, `[64:ff9b::${groups}]`, `[::${groups}]`, `[2002:${groups}::]`, `[::ffff:0:${groups}]`,
    ]
  }
  await fc.assert(fc.asyncProperty(numbers, fc.nat(), fc.constantFrom('http://', 'https://', 'HTTP:', 'http:///', 'http:\\\\', ' \thttp://'), fc.constantFrom('', ':80', ':443', ':8080'), async (bytes, at, scheme, port) => {
    const all = spellings(bytes)
    const url = `${scheme}${all[at % all.length] ?? ''}${port}/x`
    await t.throwsAsync(check(url), { instanceOf: OutboundRefused }, url)
  }), { numRuns: 500 })
})

test('a name server that changes its mind gains nothing', async (t) => {
  const inner = await serve((_req, res) => { res.end('inside') })
  const dns = names({ 'rebinds.example.org': [['192.0.66.1'], ['127.0.0.1']], 'flips.example.org': [['127.0.0.1'], ['8.8.8.8']], 'late.example.org': [['8.8.8.8'], ['8.8.8.8'], ['127.0.0.1']] })
  // Nothing listens there: what is dialled is noted, and leads nowhere.
  const dialled: string[] = []
  const dial: typeof buildConnector = (options = {}) => (to, done) => {
    ;(options as { lookup: (host: string, how: object, found: (error: null, all: { address: string }[]) => void) => void }).lookup(to.hostname, { all: true }, (_error, all) => {
      dialled.push(...all.map(({ address }) => address))
      done(new Error('nobody there'), null)
    })
  }
  const { send, check } = client([], { lookup: dns, dial })
  await t.throwsAsync(send({ url: `http://rebinds.example.org:${inner.port}/` }), { message: /nobody there/ })
  t.deepEqual([dialled, dns.asked], [['192.0.66.1'], ['rebinds.example.org']], 'it was asked once, and what was checked was dialled')
  await t.throwsAsync(send({ url: `http://rebinds.example.org:${inner.port}/` }), { instanceOf: OutboundRefused })
  await t.throwsAsync(send({ url: `http://flips.example.org:${inner.port}/` }), { instanceOf: OutboundRefused })
  // What was fine when it was saved is looked at again when it is used.
  await check('http://late.example.org/')
  await check('http://late.example.org/')
  await t.throwsAsync(send({ url: 'http://late.example.org/' }), { instanceOf: OutboundRefused })
  t.deepEqual([dialled.length, inner.seen.length], [1, 0])
})

test('a connection that arrives elsewhere than it was sent is cut before anything is said', async (t) => {
  const inner = await serve((_req, res) => { res.end('inside') })
  const made: Socket[] = []
  const astray: typeof buildConnector = (options) => {
    const connect = buildConnector({ ...options, lookup: undefined as never })
    return (to, done) => { connect({ ...to, hostname: '127.0.0.1' }, (...[error, socket]) => {
      if (socket) made.push(socket)
      if (error) done(error, null)
      else done(null, socket)
    }) }
  }
  await t.throwsAsync(client([], { dial: astray }).send({ url: `http://8.8.8.8:${inner.port}/` }), { instanceOf: OutboundRefused, message: /8\.8\.8\.8 has an address that is not public/ })
  t.deepEqual([made.map(({ destroyed }) => destroyed), inner.seen.length], [[true], 0])
})

test('what the operator lists may be called, at that port, and nothing beside it', async (t) => {
  const dns = names({ 'models.lan': [['10.0.0.7']], 'other.lan': [['10.0.0.8']], 'x.models.lan': [['10.0.0.7']], localhost: [['127.0.0.1']], 'meta.lan': [['169.254.169.254']], 'mixed.lan': [['10.0.0.7', '127.0.0.1']] })
  const cases: [allow: string[], allowed: string[], refused: string[]][] = [
    [['models.lan'], ['http://models.lan', 'https://models.lan:8443', 'http://MODELS.lan.:1'], ['http://other.lan', 'http://10.0.0.7', 'http://x.models.lan']],
    [['Models.LAN:8080'], ['http://models.lan:8080', 'https://models.lan:8080'], ['http://models.lan', 'http://models.lan:8081']],
    [['10.0.0.0/24'], ['http://models.lan', 'http://other.lan', 'http://10.0.0.9', 'http://[::ffff:10.0.0.9]'], ['http://10.0.1.1', 'http://mixed.lan']],
    [['127.0.0.1:11434'], ['http://127.0.0.1:11434', 'http://127.1:11434'], ['http://127.0.0.1', 'http://127.0.0.2:11434', 'http://localhost:11435']],
    [['::1', 'fd00::/8'], ['http://[::1]:9', 'http://[fd00::1]'], ['http://127.0.0.1', 'http://[fe80::1]']],
    [['[::1]:80'], ['http://[::1]'], ['http://[::1]:81']],
    // What a cloud tells its machines is not for a name to give away.
    [['meta.lan', 'fd00::/16'], ['http://[fd00::1]'], ['http://meta.lan', 'http://169.254.169.254', 'http://[fd01::1]']],
    [['169.254.169.254'], ['http://169.254.169.254', 'http://meta.lan'], ['http://169.254.169.253']],
  ]
  for (const [allow, allowed, refused] of cases) {
    const { check } = client(allow, { lookup: dns })
    for (const url of allowed) if (!url.includes('lan.:')) await t.notThrowsAsync(check(url), `${allow.join()}: ${url}`)
    for (const url of refused) await t.throwsAsync(check(url), { instanceOf: OutboundRefused }, `${allow.join()}: ${url}`)
  }
  const error = await t.throwsAsync(client().check('http://10.0.0.7/'))
  t.regex(error.message, /10\.0\.0\.7 .*adapters\.httpClient\.guarded\.allow/)
  const trusting = client([], { lookup: dns })
  await t.throwsAsync(trusting.send({ url: 'http://meta.lan', trusts: 'http://meta.lan' }), { instanceOf: OutboundRefused })
  await t.throwsAsync(trusting.send({ url: 'http://169.254.169.254', trusts: 'http://169.254.169.254' }), { instanceOf: OutboundRefused })
})

test('another origin is told no credential, and an unfriendly chain ends', async (t) => {
  const end = await serve((_req, res) => { res.end('end') })
  const hops = await serve((req, res) => {
    const n = Number(req.url?.slice(1))
    res.writeHead(307, { location: n > 0 ? `/${n - 1}` : end.url }).end()
  })
  const free = client(['127.0.0.0/8'])
  const headers = { authorization: 'Bearer abc', cookie: 'a=b', 'x-api-key': 'abc', 'api-key': 'abc', accept: 'text/plain', 'user-agent': 'mortise' }
  t.is(await (await free.send({ url: `${hops.url}/4`, method: 'POST', json: { a: 1 }, headers })).text(), 'end')
  const [last] = end.seen
  t.deepEqual(Object.keys(last?.headers ?? {}).sort(), ['accept', 'accept-encoding', 'connection', 'content-length', 'content-type', 'host', 'user-agent'])
  t.like(hops.seen.at(-1)?.headers, headers, 'its own origin still had them')
  await t.throwsAsync(free.send({ url: `${hops.url}/5` }), { message: /redirects further than 5 times/ })
  // The trust in one origin ends where it is left.
  await t.throwsAsync(client().send({ url: `${hops.url}/2`, trusts: hops.url }), { instanceOf: OutboundRefused })
  t.is(end.seen.length, 1)
  t.deepEqual(hops.seen.filter(({ headers: { via, forwarded } }) => via ?? forwarded), [])
})

test('an answer that is packed is refused, and one that announces too much is not read', async (t) => {
  const server = await serve((req, res) => {
    if (req.url === '/packed') res.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.alloc(100))
    else if (req.url === '/identity') res.writeHead(200, { 'content-encoding': 'identity' }).end('plain')
    else if (req.url === '/headers') res.writeHead(200, { 'x-large': 'x'.repeat(100_000) }).end()
    else res.writeHead(200, { 'content-length': String(10 ** 12) }).write(Buffer.alloc(2_000_000))
  })
  const { send } = client([`127.0.0.1:${server.port}`])
  await t.throwsAsync(send({ url: `${server.url}/packed` }), { message: /coding "gzip"/ })
  t.is(server.seen[0]?.headers['accept-encoding'], 'identity')
  t.is(await (await send({ url: `${server.url}/identity` })).text(), 'plain')
  await t.throwsAsync(send({ url: `${server.url}/headers` }))
  await t.throwsAsync(async () => (await send({ url: `${server.url}/large` })).text(), { message: /more than 1000000 bytes/ })
  // Nobody reads it, and nobody is hurt: the process lives, and the connection is given up.
  const unread = await send({ url: `${server.url}/large`, timeout: 4_000 })
  await new Promise((done) => { unread.body.once('close', done) })
})

test('a server offers it as configured, and asks nobody for a way around', async (t) => {
  const server = await serve((_req, res) => { res.end('here') })
  const proxy = await serve((_req, res) => { res.end('a proxy') })
  process.env['http_proxy'] = process.env['HTTP_PROXY'] = proxy.url
  t.teardown(() => { delete process.env['http_proxy']; delete process.env['HTTP_PROXY'] })
  const config = (options: object) => ({ ...alone, adapters: { ...alone.adapters, httpClient: { guarded: { ...options } }, vault: { local: {} } } })
  const app = await testApp({ config: config({ allow: [`localhost:${server.port}`] }) })
  t.teardown(() => app.close())
  const known = (await lookup('localhost', { all: true })).some(({ address }) => address === '127.0.0.1')
  if (known) t.is(await (await app.resolve(httpClient).send({ url: `http://localhost:${server.port}` })).text(), 'here')
  await t.throwsAsync(app.resolve(httpClient).send({ url: server.url }), { instanceOf: OutboundRefused })
  t.is(proxy.seen.length, 0)
  for (const entry of ['http://a.lan', 'a b', '10.0.0.0/33', '*.lan', 'user@host', '', '10.0/8', 'a.lan:port', 'a.lan:70000', '127.0.0.1#', '[::1']) t.is(readAllowed(entry), undefined, entry)
  const error = await t.throwsAsync<StartupError>(testApp({ config: config({ allow: ['models.lan', 'http://models.lan'] }) }))
  t.regex(error.message, /adapters\.httpClient\.guarded\.allow\[1\]: must be a host/)
  const sealed = await app.resolve(vault).seal('sk-1', 'a/b/c')
  t.is(await app.resolve(vault).open(sealed, 'a/b/c'), 'sk-1')
})

test('a sealed secret outlives its key while that is kept, and says what is missing', async (t) => {
  const under = (secretKey: string, secretKeysBefore: string[] = []) => localVault.create({ server: { secretKey } } as never, { secretKeysBefore })
  const [old, now] = ['the secret key of last year, 123', 'the secret key of this year, 123']
  const sealed = await (await under(old)).seal('sk-1', 'a/b/c')
  t.regex(sealed, /^v1\.[0-9a-f]{8}\.[\w-]+$/)
  const error = await t.throwsAsync(async () => (await under(now)).open(sealed, 'a/b/c'))
  t.regex(error.message, /adapters\.vault\.local\.secretKeysBefore/)
  const rotated = await under(now, [old])
  t.is(await rotated.open(sealed, 'a/b/c'), 'sk-1')
  const anew = await rotated.seal('sk-1', 'a/b/c')
  t.is(await (await under(now)).open(anew, 'a/b/c'), 'sk-1', 'what is sealed from now on needs the new key alone')
  await t.throwsAsync(async () => (await under(old)).open(anew, 'a/b/c'), { message: /does not have/ })
  const [, id = '', text = ''] = anew.split('.')
  await t.throwsAsync(rotated.open(`v1.${sealed.split('.')[1] ?? ''}.${text}`, 'a/b/c'), { message: /another owner, or was changed/ }, 'a key that did not seal it')
  await t.throwsAsync(rotated.open(`v2.${id}.${text}`, 'a/b/c'), { message: /not a sealed secret/ })
})
