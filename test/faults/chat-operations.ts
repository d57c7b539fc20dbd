/** What clients do with apps that answer. A question says by itself what is to be answered: `ask 3.17 says 12 words`, `and fails`. */
import type { Event, History } from './history.ts'

/** `limited`: it answers one at a time. */
export type AppKind = 'free' | 'limited'
export interface Ask {
  readonly do: 'ask'
  readonly app: AppKind
  /** What no other question has, such as `3.17`. */
  readonly version: string
  readonly user: string
  /** The one in which it goes on; one begins unless given. */
  readonly conversation?: string
  readonly by: 'streaming' | 'blocking'
  /** Words of the whole answer. */
  readonly words: number
  /** Whether the model fails once it has said them. */
  readonly fails: boolean
  /** Whoever asks stops it, or goes away, long before its end: one that goes on to its end was not stopped. */
  readonly endless: boolean
  /** Asked once all is at rest. */
  readonly afterwards?: true
}
export type ChatOperation =
  | Ask
  /** `foreign`: by somebody who did not ask. */
  | { readonly do: 'stop'; readonly version: string; readonly task: string; readonly foreign: boolean }
export interface ChatAnswer {
  readonly status: number
  /** Of what was asked: how it ended, as far as the client saw. `left`: the client went away; `broken`: the connection did; `cut`: it ended as it should, without a last event; `hung`: it did not end. */
  readonly end?: 'whole' | 'error' | 'left' | 'broken' | 'cut' | 'hung' | 'refused'
  readonly code?: string
  readonly message?: string
  readonly conversation?: string
  readonly task?: string
  /** What was said until then. */
  readonly text?: string
  /** Events that came after the last one. */
  readonly late?: number
}
export type ChatEvent = Event<ChatOperation, ChatAnswer>
export type ChatHistory = History<ChatOperation, ChatAnswer>

export interface MessageRow { readonly id: string; readonly query: string; readonly conversation_id: string; readonly position: number; readonly status: string; readonly answer: string; readonly error: string | null }
/** Times are milliseconds of the database's clock. */
export interface RunRow { readonly id: string; readonly app: AppKind; readonly message: string; readonly status: string; readonly stopped_by: string | null; readonly created: number; readonly seen: number; readonly finished: number | null }
/** A change of the status of a run or of a message: of everything that ends, there is one. */
export interface Change { readonly what: 'run' | 'message'; readonly id: string; readonly before: string; readonly after: string }
export interface Told { readonly messages: readonly MessageRow[]; readonly runs: readonly RunRow[]; readonly changes: readonly Change[] }

export const questionOf = ({ version, words, fails }: Pick<Ask, 'version' | 'words' | 'fails'>): string => `ask ${version} says ${words} words${fails ? ' and fails' : ''}`
export const versionOf = (question: string): string => question.split(' ')[1] ?? ''
/** The pieces in which a model answers it. */
export const piecesOf = (question: string): string[] => {
  const [, version = '', words = '0'] = /^ask (\S+) says (\d+) words/.exec(question) ?? []
  return Array.from({ length: Number(words) }, (_, index) => `${version}-${index + 1} `)
}
export const answerOf = (question: string): string => piecesOf(question).join('')
export const failsOf = (question: string): boolean => question.endsWith(' and fails')
/** Milliseconds before each piece. */
export const PACE = 25
