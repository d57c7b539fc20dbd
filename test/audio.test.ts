/** Speech to text, and text to speech. */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import type { SpeechRequest } from '../plugins/models/ports.ts'
import { talking } from './support/talking.ts'
import type { MadeApp, Talking } from './support/talking.ts'

let { app, toy, newApp, configure, write } = {} as Talking
let chat: MadeApp
let silent: MadeApp
const heard: { mediaType: string; name: string; size: number }[] = []
const asked: SpeechRequest[] = []
const on = { speech_to_text: { enabled: true }, text_to_speech: { enabled: true, voice: 'ada', language: 'en' } }
let usual: Talking['toy']['provider']['speak']
test.before(async () => {
  ({ app, toy, newApp, configure, write } = await talking());
  [chat, silent] = [await newApp('chat', on), await newApp('chat', {})]
  usual = toy.provider.speak
})
test.beforeEach(() => {
  Object.assign(toy.provider, {
    speak: (request: SpeechRequest) => { asked.push(request); return usual?.(request) },
    transcribe: async (request: { audio: Buffer; mediaType: string; name: string }) => {
      heard.push({ mediaType: request.mediaType, name: request.name, size: request.audio.length })
      return { text: 'owls at night' }
    },
  })
})
test.after.always(() => app.close())

const send = async (by: MadeApp, file?: Blob, name = 'talk.wav', fields: Record<string, string> = { user: 'ada' }) => {
  const form = new FormData()
  for (const [key, value] of Object.entries(fields)) form.set(key, value)
  if (file) form.set('file', file, name)
  const response = await app.fetch('/v1/audio-to-text', { method: 'POST', token: by.token, body: form })
  return { status: response.status, body: await response.json() as { code?: string; text?: string; message?: string } }
}
const say = (by: MadeApp, json: object): Promise<Response> => app.fetch('/v1/text-to-audio', { token: by.token, json })
const refusal = async (response: Response) => {
  const { code, params } = await response.json() as { code: string; params?: string }
  return { status: response.status, code, params }
}
const sound = (type: string, size = 100): Blob => new Blob([Buffer.alloc(size)], { type })

test.serial('a recording becomes text', async (t) => {
  t.deepEqual(await send(chat, sound('audio/wav')), { status: 200, body: { text: 'owls at night' } })
  t.deepEqual(heard.at(-1), { mediaType: 'audio/wav', name: 'talk.wav', size: 100 })
  for (const type of ['audio/mp3', 'audio/m4a', 'audio/amr', 'audio/mpga', 'AUDIO/WAV']) t.is((await send(chat, sound(type), 'x', {})).status, 200, type)
})

test.serial('what is no recording, or too large a one, is refused with words', async (t) => {
  const seen = heard.length
  for (const [file, status, code] of [
    [undefined, 400, 'no_audio_uploaded'], [sound('audio/wav', 0), 400, 'no_audio_uploaded'], [sound('audio/mpeg'), 415, 'unsupported_audio_type'], [sound('text/plain'), 415, 'unsupported_audio_type'],
    [sound('audio/wav', 30 * 1024 * 1024 + 1), 413, 'audio_too_large'],
  ] as const) {
    const answer = await send(chat, file)
    t.like({ status: answer.status, code: answer.body.code }, { status, code })
  }
  t.like(await send(silent, sound('audio/wav')), { status: 400, body: { code: 'speech_to_text_disabled' } })
  t.like(await send(chat, sound('audio/wav'), 'a', { user: 'a\0b' }), { status: 400, body: { code: 'invalid_param' } })
  t.is(heard.length, seen, 'no model heard it')
})

test.serial('a text, or the answer of a message, is spoken', async (t) => {
  const user = 'ada'
  const response = await say(chat, { user, text: 'Good night', streaming: false })
  t.like({ status: response.status, type: response.headers.get('content-type'), length: response.headers.get('content-length'), parts: response.headers.get('transfer-encoding') }, { status: 200, type: 'audio/mpeg', length: null, parts: 'chunked' })
  t.is(await response.text(), 'ada says Good night')
  const { messages } = await write(chat, user, [{ answer: '<think>secret</think>Owls.' }, { answer: '', status: 'running' }])
  t.is(await (await say(chat, { user, message_id: messages[0], text: 'Something else' })).text(), 'ada says Owls.')
  t.deepEqual(await refusal(await say(chat, { user, message_id: messages[1] })), { status: 400, code: 'invalid_param', params: 'message_id' })
  for (const [by, who, id] of [[chat, 'ben', messages[0]], [chat, undefined, messages[0]], [chat, user, randomUUID()]] as const) {
    t.like(await refusal(await say(by, { user: who, message_id: id })), { status: 404, code: 'not_found' })
  }
  t.is((await say(chat, { text: 'x', message_id: '', voice: null, streaming: true })).status, 200)
})

test.serial('what cannot be spoken is refused with words', async (t) => {
  const seen = asked.length
  t.like(await refusal(await say(silent, { text: 'x' })), { status: 400, code: 'invalid_param' })
  for (const [body, params] of [[{}, 'text'], [{ text: ' ' }, 'text'], [{ text: 'x', voice: 'eve' }, 'voice'], [{ text: 'a\0' }, 'text'], [{ message_id: 'x' }, 'message_id'], [{ text: 'x', speed: 2 }, 'speed']] as const) {
    t.deepEqual(await refusal(await say(chat, body)), { status: 400, code: 'invalid_param', params })
  }
  t.is(asked.length, seen)
  await configure(chat, { ...on, text_to_speech: { enabled: true, voice: 'of a model that was there before', language: 'en' } })
  t.is(await (await say(chat, { text: 'x' })).text(), 'ada says x')
})

test.serial('a model that fails before it speaks is an ordinary error; afterwards the answer breaks off', async (t) => {
  Object.assign(toy.provider, { speak: () => Promise.resolve({ mediaType: 'audio/mpeg', audio: (async function* () { await Promise.resolve(); throw new Error('away') })() }) })
  const early = await say(chat, { text: 'x' })
  t.true(early.status >= 400)
  t.is((await early.json() as { status: number }).status, early.status)
  Object.assign(toy.provider, { speak: () => Promise.resolve({ mediaType: 'audio/mpeg', audio: (async function* () { yield Buffer.from('half'); await Promise.resolve(); throw new Error('away') })() }) })
  await t.throwsAsync(async () => (await say(chat, { text: 'x' })).text())
})

test.serial('whoever goes away is spoken to no longer', async (t) => {
  let ended!: () => void
  const end = new Promise<void>((resolve) => { ended = resolve })
  Object.assign(toy.provider, {
    speak: () => Promise.resolve({ mediaType: 'audio/mpeg', audio: (async function* () { try { for (;;) { yield Buffer.alloc(1024); await new Promise((done) => setTimeout(done, 1)) } } finally { ended() } })() }),
  })
  const left = new AbortController()
  const response = await app.fetch('/v1/text-to-audio', { token: chat.token, json: { text: 'x' }, signal: left.signal })
  await response.body?.getReader().read()
  left.abort()
  await end
  t.pass()
})

test.serial('without a model, and without settings, it is said which', async (t) => {
  Object.assign(toy.provider, { models: () => [{ name: 'echo', type: 'llm', label: 'Echo' }] })
  t.like(await send(chat, sound('audio/wav')), { status: 400, body: { code: 'provider_not_support_speech_to_text' } })
  t.like(await refusal(await say(chat, { text: 'x' })), { status: 400, code: 'provider_not_initialize' })
  const flow = await newApp('workflow')
  t.like(await send(flow, sound('audio/wav')), { status: 400, body: { code: 'app_unavailable' } })
  t.like(await refusal(await say(flow, { text: 'x' })), { status: 400, code: 'app_unavailable' })
})
