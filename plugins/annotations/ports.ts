/** Answers that people wrote, given instead of a model's where the question is near enough. */
import { definePort } from '../../core/index.ts'
import type { App } from '../apps/ports.ts'

type OfApp = Pick<App, 'id' | 'workspaceId'>
export interface AnnotationAnswer {
  readonly id: string
  readonly question: string
  readonly answer: string
  readonly account: { readonly id: string; readonly name: string }
  /** 0..1. */
  readonly score: number
}
export interface Annotations {
  /** The nearest whose score reaches the app's threshold; undefined where there is none, or the app gives none. */
  answer(app: OfApp, question: string, signal?: AbortSignal): Promise<AnnotationAnswer | undefined>
  /** Counts that one answered. Joins the caller's transaction. */
  hit(app: OfApp, annotation: AnnotationAnswer, question: string, messageId: string, source: 'api' | 'console'): Promise<void>
}
export const annotations = definePort<Annotations>('annotations')

export interface KnownMessage { readonly id: string; readonly conversationId: string; readonly query: string; readonly answer: string }
/** What was asked and answered, as far as somebody corrects it. Whoever keeps messages has the adapter. */
export interface Messages {
  /** Undefined where the app has no such message. */
  find(app: OfApp, id: string): Promise<KnownMessage | undefined>
}
export const messages = definePort<Messages>('messages')
