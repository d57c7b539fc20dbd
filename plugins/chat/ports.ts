/** What others ask of conversations, they ask through a port of theirs: a plugin that this one needs cannot need this one. */
export { messages } from '../annotations/ports.ts'
export type { KnownMessage, Messages } from '../annotations/ports.ts'
