/** Speech to text, and text to speech. */
import { buffer } from 'node:stream/consumers'
import { service, storage } from '../../../core/index.ts'
import type { UploadedFile } from '../../../core/index.ts'
import { apps } from '../../apps/ports.ts'
import type { App } from '../../apps/ports.ts'
import { models } from '../../models/ports.ts'
import type { Speech } from '../../models/ports.ts'
import { chatErrors, invalid } from '../errors.ts'
import type { ToSpeak } from '../schemas/audio.ts'
import { withoutThinking } from '../text/spoken.ts'
import { messageItems } from './message-items.ts'
import type { Visit } from './visits.ts'

export interface Audio {
  /** Throws what a client is told: 400, 413, 415. */
  listen(app: App, file: UploadedFile | undefined, signal: AbortSignal): Promise<string>
  /** Once the first of it is there: until then a failure is an ordinary error. Throws 400; 404 for a message of somebody else. */
  speak(visit: Visit, what: Pick<ToSpeak, 'message_id' | 'text' | 'voice'>, signal: AbortSignal): Promise<Speech>
}

/** Bytes of a recording. */
export const LARGEST = 30 * 1024 * 1024
const TYPES: ReadonlySet<string> = new Set(['mp3', 'm4a', 'wav', 'amr', 'mpga'].map((name) => `audio/${name}`))

async function* joined(first: IteratorResult<Uint8Array>, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for (let next = first; !next.done; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

export const audio = service('chat.audio', {
  uses: { apps, models, storage, items: messageItems },
  create: ({ apps, models, storage, items }): Audio => {
    const textOf = async ({ reach }: Visit, { message_id: id, text = '' }: Pick<ToSpeak, 'message_id' | 'text'>): Promise<string> => {
      if (id === undefined) {
        if (text.trim() === '') throw invalid('text', 'text is required. Send the text to speak, or the message_id of an answer.')
        return text
      }
      const answer = withoutThinking((await items.find(reach, id)).answer)
      if (answer === '') throw invalid('message_id', 'This message has no answer yet that could be spoken. Wait for its end.')
      return answer
    }
    return {
      listen: async (app, file, signal) => {
        const { config } = await apps.configured(app)
        if (!config.speech_to_text.enabled) throw chatErrors.speechToTextDisabled()
        if (!file) throw chatErrors.noAudioUploaded()
        const mediaType = file.mediaType.toLowerCase()
        if (!TYPES.has(mediaType)) throw chatErrors.unsupportedAudioType()
        if (file.size > LARGEST) throw chatErrors.audioTooLarge()
        if (file.size === 0) throw chatErrors.noAudioUploaded('The recording is empty. Send one with sound in it.')
        const ref = await models.defaultModel(app.workspaceId, 'speech2text')
        if (!ref) throw chatErrors.noSpeechToText()
        const { text } = await models.transcribe(app.workspaceId, ref, { audio: await buffer(await storage.get(file.key)), mediaType, name: file.name, signal })
        return text
      },
      speak: async (visit, { voice: asked, ...what }, signal) => {
        const { app } = visit
        const { config: { text_to_speech: settings } } = await apps.configured(app)
        if (!settings.enabled) throw chatErrors.invalid('The app does not speak. Switch text_to_speech on in its settings.')
        const text = await textOf(visit, what)
        const ref = await models.defaultModel(app.workspaceId, 'tts')
        if (!ref) throw chatErrors.noTextToSpeech()
        const known = (await models.find(app.workspaceId, ref, 'tts'))?.voices?.map(({ value }) => value)
        if (asked !== undefined && known && !known.includes(asked)) throw invalid('voice', `There is no voice ${JSON.stringify(asked)}. Send one of: ${known.join(', ')}.`)
        // What the settings say may be of a model that was there before.
        const set = settings.voice !== '' && (known?.includes(settings.voice) ?? true) ? settings.voice : known?.[0]
        const voice = asked ?? set
        const speech = await models.speak(app.workspaceId, ref, { text, signal, ...voice === undefined ? {} : { voice } })
        const sound = speech.audio[Symbol.asyncIterator]()
        return { mediaType: speech.mediaType, audio: joined(await sound.next(), sound) }
      },
    }
  },
})
