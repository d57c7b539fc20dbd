/** Conversations: what other plugins may ask of them. */
import { definePort } from '../../core/index.ts'
import type { App } from '../apps/ports.ts'

type OfApp = Pick<App, 'id' | 'workspaceId'>
export interface KnownMessage { readonly id: string; readonly conversationId: string; readonly query: string; readonly answer: string }
export interface Messages {
  /** Undefined where the app has no such message. */
  find(app: OfApp, id: string): Promise<KnownMessage | undefined>
}
export const messages = definePort<Messages>('messages')
