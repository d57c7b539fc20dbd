/** `mortise explain key ID`: what a key reaches, and why it was last refused. */
import Joi from 'joi'
import { command, defineAdapter, StartupError } from '../../../core/index.ts'
import type { Command } from '../../../core/index.ts'
import { explaining } from '../services/explaining.ts'

const isId = (word: string): boolean => Joi.string().guid({ separator: '-', wrapper: false }).validate(word).error === undefined
const refuse = (message: string): StartupError =>
  new StartupError([{ path: 'explain key', message, fix: 'Give the id that the page of keys and GET /v1/whoami show: mortise explain key ID.' }], { exitCode: 1 })

export const explainKey = defineAdapter(command, 'explain-key', {
  uses: { explaining },
  create: ({ explaining }): Command => ({
    summary: 'Says which key it is, what it reaches, and which grant its last refusal lacked.',
    usage: '[id]',
    run: async ([id]) => {
      if (id === undefined) throw refuse('needs to know which key')
      if (!isId(id)) throw refuse(`"${id}" is no id of a key`)
      const lines = await explaining.explain(id.toLowerCase())
      if (!lines) throw refuse(`there is no key ${id}: it was deleted, or never was`)
      return lines
    },
  }),
})
