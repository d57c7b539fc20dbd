/** Speech to text, and text to speech. */
import { Readable } from 'node:stream'
import { reply, route } from '../../../core/index.ts'
import { modelErrors } from '../../models/ports.ts'
import { chatErrors } from '../errors.ts'
import { spokenReply, toSpeak } from '../schemas/audio.ts'
import { ofUser } from '../schemas/common.ts'
import { audio, LARGEST } from '../services/audio.ts'
import { visits } from '../services/visits.ts'

/** Of the model that listens or speaks. */
const ofModel = [modelErrors.providerNotInitialize, modelErrors.providerQuotaExceeded, modelErrors.modelCurrentlyNotSupport, modelErrors.requestRefused, modelErrors.rateLimited]
const withKey = { surface: 'service', credential: 'app', resource: { app: 'key' }, access: 'app:run', uses: { visits, audio } } as const

const listen = route({
  ...withKey, method: 'POST', path: '/audio-to-text',
  summary: 'Turn a recording into text',
  description: 'A form with the recording as `file`: mp3, m4a, wav, amr or mpga, by its content type, of at most 30 MB.',
  // What is somewhat larger is taken in, to be refused in the words of this address.
  upload: { field: 'file', maxBytes: 2 * LARGEST }, body: ofUser, reply: spokenReply,
  errors: [
    chatErrors.appUnavailable, chatErrors.noAudioUploaded, chatErrors.audioTooLarge, chatErrors.unsupportedAudioType, chatErrors.speechToTextDisabled,
    chatErrors.noSpeechToText, ...ofModel,
  ],
  handle: async ({ actor, body, files, signal }, { visits, audio }) => {
    const { app } = await visits.enter(actor, body.user)
    return { text: await audio.listen(app, files[0], signal) }
  },
})

const speak = route({
  ...withKey, method: 'POST', path: '/text-to-audio',
  summary: 'Turn a text, or the answer of a message, into speech',
  description: 'The sound comes in pieces, as the model makes it. Where both are sent, `message_id` counts.',
  body: toSpeak, reply: reply.file,
  errors: [chatErrors.appUnavailable, chatErrors.invalid, chatErrors.messageNotFound, chatErrors.noTextToSpeech, ...ofModel],
  handle: async ({ actor, body, signal }, { visits, audio }) => {
    const speech = await audio.speak(await visits.enter(actor, body.user), body, signal)
    return { body: Readable.from(speech.audio, { objectMode: false }), mediaType: speech.mediaType, disposition: 'inline' as const }
  },
})

export const audioRoutes = [listen, speak]
