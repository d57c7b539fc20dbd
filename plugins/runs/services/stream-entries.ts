/** What is added to streams of Redis: many entries of many streams in one call, which costs little more than that of one. */
import { script } from '../../platform/ports.ts'
import type { RedisServer } from '../../platform/ports.ts'

export interface Entry {
  readonly name: string
  /** Redis refuses one that is not above all that it has. */
  readonly id: string
  readonly field: string
  readonly value: string
  /** Milliseconds after which the stream is gone; 0 leaves that as it is. */
  readonly life: number
}

/** KEYS a stream for each entry. ARGV id, field, value and life of each. Fails with the first error once all were tried; what is there already is none. */
const source = `
local failure
for at, key in ipairs(KEYS) do
  local from = 4 * at - 3
  local added = redis.pcall('XADD', key, ARGV[from], ARGV[from + 1], ARGV[from + 2])
  if type(added) == 'table' and added.err and not string.find(added.err, 'equal or smaller', 1, true) then failure = failure or added end
  if ARGV[from + 3] ~= '0' then redis.call('PEXPIRE', key, ARGV[from + 3]) end
end
return failure or 1
`

/** Rejects where an entry may not be there: all may be sent again. */
export const entryWriter = ({ client }: RedisServer): (entries: readonly Entry[]) => Promise<unknown> => {
  const add = script(client, 'runsadd', source)
  return (entries) => add(entries.map(({ name }) => name), entries.flatMap(({ id, field, value, life }) => [id, field, value, life]))
}
