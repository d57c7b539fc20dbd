/** From a JSON-RPC message to its answer, for one key. */
import { catalogue, service } from '../../../core/index.ts'
import type { Actor, Logger } from '../../../core/index.ts'
import { datasets } from '../../datasets/ports.ts'
import type { DatasetSummary } from '../../datasets/ports.ts'

export interface Asked {
  readonly actor: Actor
  /** The one knowledge base that the address names. */
  readonly only: string | undefined
  /** The version of the protocol that the client says it speaks; empty where it does not say. */
  readonly protocol: string
  readonly signal: AbortSignal
  readonly log: Logger
}
/** The answer is '' where there is none to give. */
export interface Answered { readonly status: number; readonly message: unknown }
export interface Endpoint { answer(message: unknown, asked: Asked): Promise<Answered> }

export const endpoint = service('mcp.endpoint', {
  uses: { datasets, parts: catalogue },
  create: ({ datasets, parts }): Endpoint => {
    const searchable = async ({ workspaceId, reach }: Actor, only: string | undefined): Promise<DatasetSummary[]> => {
      const reached = reach('dataset:retrieve', 'dataset')
      const ids = only === undefined ? reached : reached === 'all' || reached.includes(only) ? [only] : []
      return (await datasets.list(workspaceId, ids)).filter(({ open }) => open)
    }
    return {
      answer: async (message, { actor, only, protocol, signal, log }) => {
        // Only once somebody asks: the kit takes a third of a second to load.
        const { converse } = await import('./conversation.ts')
        return converse(message, { version: parts.version, protocol }, async () => ({
          workspaceId: actor.workspaceId, datasets: await searchable(actor, only), retrieve: datasets.retrieve, signal, log,
        }))
      },
    }
  },
})
