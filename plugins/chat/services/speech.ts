/** An answer spoken while it is written, sentence by sentence. */
import { setTimeout as sleep } from 'node:timers/promises'
import { logger, service } from '../../../core/index.ts'
import type { ConfiguredApp } from '../../apps/ports.ts'
import { models } from '../../models/ports.ts'

export interface Speaker {
  /** Speaks the sentences that are whole. */
  say(text: string): void
  /** What was not spoken yet is not. */
  hush(): void
  /** Speaks the rest; resolves once all is spoken. */
  end(): Promise<void>
}
export interface Speech {
  /** Undefined where the app does not speak by itself. What fails is logged: the text is there all the same. */
  begin(app: ConfiguredApp, emit: (audio: Uint8Array) => void, signal: AbortSignal): Speaker | undefined
}
export const speaks = ({ config: { text_to_speech: said } }: ConfiguredApp): boolean => said.enabled && said.autoPlay === 'enabled'

/** Milliseconds for the next piece of sound, once the text is at its end. */
const PATIENCE = 5_000
/** Characters after which a sentence is spoken as far as it has come; nor is more looked at together for where sentences end. */
const LONGEST = 1_000
const PIECES = new RegExp(`[^]{1,${LONGEST}}`, 'gu')
/** Whole sentences at the front of a text. A mark within a number, or a name, does not end one. */
const SENTENCES = /^[\s\S]*(?:[.!?…]+["'”’)\]]*(?=\s)|[。！？；]+["'”’」』）]*|\n)/u

export const speech = service('chat.speech', {
  uses: { models, log: logger },
  create: ({ models, log }): Speech => ({
    begin: (app, emit, signal) => {
      if (!speaks(app)) return undefined
      const { workspaceId, config: { text_to_speech: { voice } } } = app
      const model = models.defaultModel(workspaceId, 'tts')
      let waiting = ''
      let hushed = 0
      let heard = 0
      let spoken: Promise<void> = model.then((one) => { if (!one) throw new Error('no provider offers a model that speaks') })
      const isOver = (turn: number): boolean => turn !== hushed || signal.aborted
      const speak = (text: string): void => {
        const turn = hushed
        if (text.trim() === '') return
        spoken = spoken.then(async () => {
          const ref = await model
          if (!ref || isOver(turn)) return
          const { audio } = await models.speak(workspaceId, ref, { text: text.trim(), ...voice === '' ? {} : { voice }, signal })
          for await (const piece of audio) {
            if (isOver(turn)) return
            heard += 1
            if (piece.length > 0) emit(piece)
          }
        })
        // It is waited for at the end; until then nobody else hears of it.
        spoken.catch(() => undefined)
      }
      spoken.catch(() => undefined)
      return {
        say: (text) => {
          for (const [piece] of text.matchAll(PIECES)) {
            waiting += piece
            const whole = SENTENCES.exec(waiting)?.[0] ?? (waiting.length > LONGEST ? waiting : '')
            waiting = waiting.slice(whole.length)
            speak(whole)
          }
        },
        hush: () => {
          hushed += 1
          waiting = ''
        },
        end: async () => {
          speak(waiting)
          waiting = ''
          const done = spoken.then(() => true, (error: unknown) => {
            if (!signal.aborted) log.warn({ err: error }, 'an answer was not spoken')
            return true
          })
          for (let before = -1; before !== heard && !await Promise.race([done, sleep(PATIENCE, false, { ref: false })]);) before = heard
          hushed += 1
        },
      }
    },
  }),
})
