/** Speech on a server that speaks the protocol of OpenAI: a recording becomes a text, and a text a voice, whose sound is passed on as it comes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { OutboundRefused } from '../../../core/index.ts'
import type { HttpClient, Logger, OutboundAnswer, OutboundRequest } from '../../../core/index.ts'
import { modelErrors } from '../errors.ts'
import type { Speech, SpeechRequest, TranscribeRequest } from '../ports.ts'
import { askedToWait, urlOf, withoutSecrets } from './connection.ts'
import type { Place } from './connection.ts'
import { sayable } from './embedding.ts'
import { isPassing, refusalOf } from './failures.ts'
import type { Failed } from './failures.ts'

/** @property timeout milliseconds for the answer to begin, and for each next piece of it */
export interface SpeechServer { readonly http: HttpClient; readonly log: Logger; readonly place: Place; readonly timeout: number }
type Asked<R> = Omit<R, 'credentials' | 'signal'> & { readonly signal?: AbortSignal | undefined }
type Sent = Pick<OutboundRequest, 'json' | 'body' | 'headers'> & { readonly path: string; readonly model: string; readonly maxBytes: number; readonly signal: AbortSignal | undefined }

/** Somebody waits: what passes is tried once more, within so many milliseconds. */
const [WAIT, PATIENCE] = [500, 4_000]
const TEXT_BYTES = 4 * 1024 * 1024
/** An hour of sound. */
const SOUND_BYTES = 256 * 1024 * 1024
/** UTF-16 units that are spoken at once; servers take some 4,096. */
const AT_ONCE = 4_000
const USUAL_VOICE = 'alloy'

/** An answer of success, not read yet. Throws an `HttpError`, without a word of the server. */
const post = async ({ http, log, place, timeout }: SpeechServer, { path, model, headers, signal, ...rest }: Sent, isLast = false): Promise<OutboundAnswer> => {
  const { label, keeper } = place
  signal?.throwIfAborted()
  const answer = await http.send({
    url: urlOf(place, path), method: 'POST', headers: { ...place.headers, ...headers }, timeout, ...rest, ...signal ? { signal } : {}, ...place.trusts === undefined ? {} : { trusts: place.trusts },
  }).catch((error: unknown) => {
    signal?.throwIfAborted()
    if (error instanceof OutboundRefused) throw modelErrors.providerNotInitialize(`${label} may not be called from this server. ${error.message}`, { cause: error })
    log.warn({ provider: label, path, model, err: error }, 'a model provider did not answer')
    throw modelErrors.requestRefused(`${label} did not answer. Try again in a while; if it stays so, check the base URL of the provider.`, { cause: error })
  })
  if (answer.status >= 200 && answer.status < 300) return answer
  const said = await answer.text().catch(() => '')
  log.warn({ provider: label, path, model, status: answer.status, answer: withoutSecrets(said, place) }, 'a model provider did not do what it was asked')
  const failed: Failed = { label, keeper, status: answer.status, answer: said, model, about: 'speech' }
  if (!isPassing(failed)) {
    const error = refusalOf(failed)
    if (error.code !== modelErrors.requestRefused.code) throw error
    throw modelErrors.requestRefused(`${label} does not take the request (${answer.status}). The text or the recording may be too long or of another kind than ${model} takes. The log has what it said.`)
  }
  const wait = askedToWait(answer.headers) ?? WAIT
  if (!isLast && wait <= PATIENCE) {
    await sleep(wait, undefined, signal ? { signal } : {}).catch(() => { signal?.throwIfAborted() })
    return post({ http, log, place, timeout }, { path, model, signal, ...headers ? { headers } : {}, ...rest }, true)
  }
  if (answer.status === 429) throw modelErrors.rateLimited(`${label} is asked too often. Try again in a while.`)
  throw modelErrors.requestRefused(`${label} answered ${answer.status}; it may be overloaded. Try again in a while.`)
}

export const transcribeRecording = async (server: SpeechServer, { model, audio, mediaType, name, signal }: Asked<TranscribeRequest>): Promise<{ readonly text: string }> => {
  const form = new FormData()
  form.set('model', model)
  form.set('response_format', 'json')
  form.set('file', new Blob([new Uint8Array(audio)], { type: mediaType }), name)
  const encoded = new Response(form)
  const answer = await post(server, {
    path: '/audio/transcriptions', model, signal, maxBytes: TEXT_BYTES, body: Buffer.from(await encoded.arrayBuffer()),
    headers: { accept: 'application/json', 'content-type': encoded.headers.get('content-type') ?? '' },
  })
  const { text } = await answer.json().then((value) => (value ?? {}) as { text?: unknown }, (error: unknown) => {
    signal?.throwIfAborted()
    server.log.warn({ provider: server.place.label, model, err: error }, 'a model provider answered without JSON')
    return { text: undefined }
  })
  if (typeof text !== 'string') throw modelErrors.requestRefused(`${server.place.label}/${model} answered without a text. Check that the base URL leads to a server that transcribes.`)
  return { text }
}

/** Cut where a sentence ends, or else a word. */
const partsOf = (text: string): string[] => {
  const parts: string[] = []
  let rest = sayable(text)
  while (rest.length > AT_ONCE) {
    const first = rest.slice(0, AT_ONCE)
    const end = Math.max(...[...first.matchAll(/[.!?…]\s|[。！？\n]/gu)].map(({ index }) => index + 1), 0)
    const at = end || first.lastIndexOf(' ') + 1 || (/[\ud800-\udbff]$/.test(first) ? AT_ONCE - 1 : AT_ONCE)
    parts.push(rest.slice(0, at))
    rest = rest.slice(at)
  }
  return [...parts, ...rest.trim() === '' ? [] : [rest]]
}

/** Throws before the first sound where it can be known; a long text is asked for part by part, as the sound is taken. */
export const speakText = async (server: SpeechServer, { model, text, voice = USUAL_VOICE, signal }: Asked<SpeechRequest>): Promise<Speech> => {
  const [head = '.', ...others] = partsOf(text)
  const say = async (input: string): Promise<OutboundAnswer> => {
    const answer = await post(server, {
      path: '/audio/speech', model, signal, maxBytes: SOUND_BYTES, headers: { accept: 'audio/mpeg, audio/*' }, json: { model, input, voice, response_format: 'mp3' },
    })
    const type = answer.headers['content-type'] ?? ''
    if (!/^(?:text\/|application\/json)/i.test(type)) return answer
    answer.body.on('error', () => undefined).destroy()
    throw modelErrors.requestRefused(`${server.place.label}/${model} answered with a text instead of sound. Check that the base URL leads to a server that speaks.`)
  }
  const first = await say(head)
  const type = first.headers['content-type']?.split(';')[0]?.trim()
  const sound = async function* (): AsyncGenerator<Uint8Array> {
    yield* first.body as AsyncIterable<Uint8Array>
    for (const part of others) yield* (await say(part)).body as AsyncIterable<Uint8Array>
  }
  return { mediaType: type !== undefined && type.startsWith('audio/') ? type : 'audio/mpeg', audio: sound() }
}
