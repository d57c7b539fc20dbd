/** `mortise new-secret`: a secret for the environment, such as a declared key takes. */
import { command, defineAdapter, StartupError } from '../../../core/index.ts'
import { apiKeys } from '../../api-keys/ports.ts'
import type { KeyType } from '../../api-keys/ports.ts'

const kinds = new Map<string, readonly [type: KeyType, bound: boolean]>([['dataset', ['dataset', false]], ['bound', ['dataset', true]], ['app', ['app', false]]])

export const newSecretCommand = defineAdapter(command, 'new-secret', {
  uses: { apiKeys },
  create: ({ apiKeys }) => ({
    summary: 'Prints a secret that a declared key can have; it belongs to no key until one is declared with it.',
    usage: '[kind]',
    run: async ([kind = 'dataset']) => {
      const found = kinds.get(kind)
      if (!found) throw new StartupError([{ path: kind, message: 'is no kind of key', fix: `It is one of ${[...kinds.keys()].join(', ')}; dataset unless said.` }])
      return [apiKeys.newSecret(...found)]
    },
  }),
})
