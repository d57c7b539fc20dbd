/**
 * What clients do with documents. A version is one content of one document, with a name of the history's own such as `3.17`, and a word that
 * no other content has: its canary. What a version says, and how it is to be cut, follows from its name, its size and its form.
 */
import type { Event, History } from './history.ts'
import { random } from './random.ts'

/** How a dataset is made: the form of its documents, and what its indexes are. */
export const KINDS = {
  economy: { form: 'text_model', technique: 'economy' },
  vectors: { form: 'text_model', technique: 'high_quality' },
  children: { form: 'hierarchical_model', technique: 'high_quality' },
  pairs: { form: 'qa_model', technique: 'high_quality' },
} as const
export type Kind = keyof typeof KINDS
export type SearchMethod = 'semantic_search' | 'full_text_search' | 'hybrid_search' | 'keyword_search'

export interface Write {
  readonly do: 'write'
  readonly dataset: string
  /** Of the document: what is written under the same name replaces it. */
  readonly name: string
  readonly version: string
  /** How many segments it has; 0: nothing is left of it when it is cleaned, and it cannot be indexed. */
  readonly size: number
  /** Whether it bore an Idempotency-Key, and was sent with it until it was answered. */
  readonly keyed: boolean
  readonly by: 'text' | 'file' | 'update'
}
export type DocumentOperation =
  | Write
  | { readonly do: 'delete'; readonly dataset: string; readonly name: string; readonly id: string }
  | { readonly do: 'delete dataset'; readonly dataset: string }
  /** Asks until the document is in a final state. */
  | { readonly do: 'look'; readonly dataset: string; readonly name: string; readonly version: string }
  | { readonly do: 'retrieve'; readonly dataset: string; readonly version: string; readonly method: SearchMethod }
export interface DocumentAnswer {
  readonly status: number
  /** Of a write: its document. */
  readonly id?: string
  /** How many of its requests were left without a clear answer before this one: each may have left something behind. */
  readonly unclear?: number
  /** Of a look: `completed` or `error`. */
  readonly state?: string
  /** Of a retrieve: the versions whose canaries came back, each once. */
  readonly found?: readonly string[]
}
export type DocumentEvent = Event<DocumentOperation, DocumentAnswer>
export type DocumentHistory = History<DocumentOperation, DocumentAnswer>

const LETTERS = 'bcdfghklmr'
/** `3.17` → `zqfvckx`: letters alone, which no stemmer changes. */
export const canary = (version: string): string => `zq${version.replace('.', 'v').replace(/\d/g, (digit) => LETTERS[Number(digit)] ?? '')}x`
/** The versions whose canaries stand in a text, each once. */
export const versionsIn = (text: string): string[] => [...new Set([...text.matchAll(/zq([bcdfghklmr]+)v([bcdfghklmr]+)x/g)].map(([, seed = '', count = '']) =>
  [seed, count].map((word) => word.replace(/./g, (letter) => String(LETTERS.indexOf(letter)))).join('.')))]

export interface Expected { readonly content: string; readonly answer: string | null; readonly children: readonly string[] }
export interface Content {
  readonly text: string
  readonly rule: object
  /** In order. */
  readonly segments: readonly Expected[]
}
const WORDS = ['heron', 'pond', 'owl', 'night', 'river', 'stone', 'bridge', 'garden', 'winter', 'lamp', 'harbour', 'clock', 'orchard', 'violin', 'copper', 'meadow', 'lantern', 'falcon', 'cellar', 'thunder']
const plain = (mode: string, separator: string, more: object = {}): object => ({ mode, rules: { pre_processing_rules: [], segmentation: { separator, max_tokens: 500, chunk_overlap: 0 }, ...more } })
const RULES: Readonly<Record<Kind, object>> = {
  economy: plain('custom', '\n'), vectors: plain('custom', '\n'), pairs: plain('custom', '\n'),
  children: plain('hierarchical', '\n\n', { parent_mode: 'paragraph', subchunk_segmentation: { separator: '\n', max_tokens: 200, chunk_overlap: 0 } }),
}

/** What a version says: the text to send, the rule to send with it, and the segments that they make. */
export const contentOf = (kind: Kind, { version, size }: Pick<Write, 'version' | 'size'>): Content => {
  const dice = random(Number(version.replace('.', '')))
  const sentence = (what: string): string => `The ${canary(version)} ${what} tells of ${Array.from({ length: 6 }, () => dice.pick(WORDS)).join(' ')}`
  const indexes = Array.from({ length: size }, (_, index) => index + 1)
  if (size === 0) {
    const rule = { ...plain('custom', '\n'), rules: { pre_processing_rules: [{ id: 'remove_urls_emails', enabled: true }], segmentation: { separator: '\n', max_tokens: 500 } } }
    return { text: `https://example.org/${canary(version)}`, rule, segments: [] }
  }
  const rule = RULES[kind]
  if (kind === 'pairs') {
    const segments = indexes.map((index): Expected => ({ content: sentence(`question ${index}`), answer: `It is ${index} ${dice.pick(WORDS)}`, children: [] }))
    return { text: ['question,answer', ...segments.map(({ content, answer }) => `${content},${answer ?? ''}`)].join('\n'), rule, segments }
  }
  if (kind === 'children') {
    const segments = indexes.map((index): Expected => {
      const children = Array.from({ length: 1 + index % 3 }, (_, child) => sentence(`part ${index} line ${child + 1}`))
      return { content: children.join('\n'), answer: null, children }
    })
    return { text: segments.map(({ content }) => content).join('\n\n'), rule, segments }
  }
  const segments = indexes.map((index): Expected => ({ content: sentence(`part ${index}`), answer: null, children: [] }))
  return { text: segments.map(({ content }) => content).join('\n'), rule, segments }
}
