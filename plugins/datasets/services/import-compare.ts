/** What is said of a row that was made elsewhere, by what is here of its id and of its name. */
import type { Imported } from '../../auth/ports.ts'

type Fields = Readonly<Record<string, readonly [there: unknown, here: unknown]>>
interface Here { readonly id: string; readonly workspace_id: string }

export const compared = (id: string, fields: Fields): Imported => {
  const why = Object.entries(fields).flatMap(([name, [there, here]]) => there === here ? [] : [name]).join(', ')
  return why === '' ? { id, state: 'there' } : { id, state: 'changed', why }
}
/** One whose id is taken by something of another place is never that. */
export const weigh = <H extends Here>(row: { readonly id: string; readonly workspaceId: string }, here: H | undefined, fields: (here: H) => Fields): Imported | undefined =>
  here && (here.workspace_id === row.workspaceId ? compared(row.id, fields(here)) : { id: row.id, state: 'skipped', why: 'its id is taken here, in another workspace' })
export const byId = <H extends { readonly id: string }>(rows: readonly H[]): ReadonlyMap<string, H> => new Map(rows.map((row) => [row.id, row]))

/** Without what PostgreSQL keeps in no text: NUL, and halves of surrogate pairs. */
export const kept = (text: string): string => text.replace(/[\0\p{Cs}]/gu, '')
