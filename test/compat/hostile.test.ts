/** Whatever stands where in a request: it is taken or refused with words, never answered by a failure of ours. */
import test from 'ava'
import { put } from '../support/sample.ts'
import { examples } from './examples.ts'
import { makeWorld } from './world.ts'
import type { World } from './world.ts'

let world: World
test.before(async () => {
  world = await makeWorld()
  world.unfinished.finish()
})
test.after.always(() => world.app.close())

/** What a database cannot keep, what is too long or too large for it, and what is of another kind. */
const words = ['a\0b', '\ud800', 'x'.repeat(70_000)]
const values = [...words, 1e308, Number.MAX_SAFE_INTEGER, ['\0'], { a: '\0' }]
const ids = ['%00', '%ff', '%', '0'.repeat(20)]
type Place = readonly (string | number)[]
const places = (value: unknown, path: Place = []): Place[] => typeof value !== 'object' || value === null ? [path]
  : [...path.length > 0 ? [path] : [], ...Object.entries(value).flatMap(([name, part]) => places(part, [...path, Array.isArray(value) ? Number(name) : name]))]

test('no value at any place of a body or a query is answered with a failure', async (t) => {
  let sent = 0
  for (const [operation, [request = {}]] of Object.entries(examples(world)).filter(([operation]) => !operation.startsWith('DELETE'))) {
    const tries = [
      ...places(request.body ?? {}).flatMap((path) => values.map((value) => ({ ...request, body: put(request.body, path, value) as object }))),
      ...[...new URLSearchParams(request.query).keys()].flatMap((name) =>
        [...words, '1e308'].map((value) => ({ ...request, query: `?${new URLSearchParams({ [name]: value }).toString()}` }))),
      ...Object.keys(request.ids ?? {}).flatMap((name) => ids.map((id) => ({ ...request, ids: { ...request.ids, [name]: id } }))),
    ]
    for (const one of tries) {
      const { status, body } = await world.send(operation, one)
      sent += 1
      t.true(status < 500, `${operation}: ${JSON.stringify(one).slice(0, 300)}: ${status} ${JSON.stringify(body)}`)
    }
  }
  t.log(`${sent} requests`)
  t.true(sent > 500)
})
