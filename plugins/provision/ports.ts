/** Where secrets go that are made here and told once. */
import { definePort } from '../../core/index.ts'

export interface Outlet {
  /** Puts the text where it survives; throws where it cannot. Returns what to do if nothing comes of it after all. */
  prepare(text: string): Promise<{ undo(): Promise<void> }>
  /** Tells the operator, once everything is in place. */
  tell(text: string): void
}
export interface Telling {
  /** A file in the data folder. One of this name that is there already is kept as `<file>.old`. */
  readonly file: string
  /** `auto` is the terminal where there is one, else the file. */
  readonly output: 'auto' | 'terminal' | 'file'
  /** What the log says beside the path of the file. */
  readonly said: string
}
/** Never to a log: to a terminal, or to a file that only its user can read. */
export interface Outlets { at(telling: Telling): Outlet }
export const outlets = definePort<Outlets>('outlets')
