/** The laws of `cache`. It may forget at any time, so a law about remembering is only put to a cache that does remember. */
import { cache } from '../../../core/index.ts'
import type { Cache } from '../../../core/index.ts'
import { assert, defineContract, freshName, pause, strangeNames } from './kit.ts'

const ttl = 60_000
/** Also halves of surrogate pairs: strings, though no text. */
const exactNames = (): string[] => { const name = freshName(); return [...strangeNames(name), `${name}\ud800`, `${name}\udfff`, `${name}\ufffd`] }
const remembers = async (it: Cache, key = freshName()): Promise<boolean> => await it.set(key, true, { ttl }) && await it.get(key) === true

export const cacheContract = defineContract(cache, {
  laws: {
    'gives what was written, or nothing, for keys and values of any content': async (subject) => {
      const values = exactNames().map((text) => ({ text, list: [null, 1.5, true, text], inner: { text } }))
      for (const value of values) await subject.set(value.text, value, { ttl, tags: [value.text] })
      for (const value of values) assert.deepEqual(await subject.get(value.text) ?? value, value)
      assert.equal(await subject.get(freshName()), undefined)
      const [key, large] = [freshName(), 'é\0'.repeat(100_000)]
      await subject.set(key, large, { ttl })
      assert.equal(await subject.get(key) ?? large, large, 'a large value came back changed')
      for (const value of [null, false, 0, '', [], {}]) {
        await subject.set(key, value, { ttl })
        assert.deepEqual(await subject.get(key) ?? value, value)
      }
    },
    'copies values in and out': async (subject) => {
      const [key, value] = [freshName(), [1]]
      await subject.set(key, value, { ttl })
      value.push(2)
      const seen = await subject.get(key) as number[] | undefined ?? [1]
      assert.deepEqual([...seen], [1], 'a change after set() came through')
      seen.push(3)
      assert.deepEqual(await subject.get(key) ?? [1], [1], 'a change of what get() gave came through')
    },
    'forgets an entry when its ttl is over, and with ifAbsent writes only where there is none, of many at once one': async (subject) => {
      const key = freshName()
      await subject.set(key, 'old', { ttl: 30 })
      await pause(60)
      assert.equal(await subject.get(key), undefined)
      const won = await Promise.all([0, 1, 2, 3, 4].map((value) => subject.set(key, value, { ttl, ifAbsent: true })))
      if (await remembers(subject)) assert.deepEqual([won.filter(Boolean), await subject.get(key)], [[true], won.indexOf(true)])
    },
    'refuses a lifetime that is none, writes nothing then, and takes a fraction of a millisecond': async (subject) => {
      const key = freshName()
      for (const none of [0, -1, Number.NaN]) {
        await assert.rejects(subject.set(key, 1, { ttl: none }), RangeError)
        await assert.rejects(subject.seal(key, 1, none), RangeError)
      }
      assert.equal(await subject.get(key), undefined)
      await subject.set(key, 1, { ttl: 0.5 })
      await pause(20)
      assert.equal(await subject.get(key), undefined)
      await subject.set(key, 1, { ttl: Number.POSITIVE_INFINITY })
      assert.equal(await subject.get(key) ?? 1, 1)
      await subject.drop({ key })
    },
    'drops exactly the key, or every key that was set with exactly the tag': async (subject) => {
      const [names, kept] = [exactNames(), await remembers(subject)]
      const tagOf = (index: number): string => names.at(index - 1) ?? ''
      for (const [at, name] of names.entries()) {
        const byKey = (index: number): boolean => index === at
        const byTag = (index: number): boolean => tagOf(index) === name
        for (const [drop, isDropped] of [[{ key: name }, byKey], [{ tag: name }, byTag]] as const) {
          for (const [index, key] of names.entries()) await subject.set(key, index, { ttl, tags: ['shared', tagOf(index)] })
          await subject.drop(drop)
          const left = await Promise.all(names.map((key) => subject.get(key)))
          assert.deepEqual(left, names.map((_, index) => isDropped(index) || !kept ? undefined : index), `drop ${JSON.stringify(drop).slice(0, 80)}`)
        }
      }
    },
    'lets no fill that began before a drop bring the value back, and takes one that began after it': async (subject) => {
      const [key, tag] = [freshName(), freshName()]
      for (const [drop, dropOther] of [[{ key }, { tag: key }], [{ tag }, { key: tag }]] as const) {
        const early = await subject.generation(key, ['shared', tag])
        await subject.drop(drop)
        await subject.set(key, 1, { ttl, tags: ['shared', tag], generation: early })
        assert.equal(await subject.get(key), undefined)
        const late = await subject.generation(key, ['shared', tag])
        await subject.drop(dropOther)
        assert.equal(await subject.set(key, 1, { ttl, tags: ['shared', tag], generation: late }), true, 'the drop of something else stood in the way')
      }
    },
    'gives a sealed value until its ttl is over, and lets nothing overwrite it': async (subject) => {
      const [name, kept] = [freshName(), await remembers(subject)]
      const generation = await subject.generation(name)
      await subject.set(name, 'open', { ttl, tags: [name] })
      await subject.seal(name, 'sealed', 1_000)
      for (const options of [{}, { ifAbsent: true }, { generation }]) await subject.set(name, 'open', { ttl, ...options })
      await subject.drop({ tag: name })
      assert.equal(await subject.get(name), kept ? 'sealed' : undefined)
      await pause(1_100)
      await subject.set(name, 'open', { ttl, generation })
      assert.equal(await subject.get(name), undefined, 'a fill that began before the seal was taken after it')
    },
    'has forgotten when a drop or a seal has an answer: whoever asks from then on does not see what was before': (subject) => forgetEverywhere([subject]),
  },
})

/** For several caches of one store, each as its own process has it: what one drops or seals, none gives any more. */
export const forgetEverywhere = async (processes: readonly Cache[], rounds = 10): Promise<void> => {
  const [key, tag] = [freshName(), freshName()]
  for (let round = 0; round < rounds; round += 1) {
    for (const how of ['key', 'tag', 'seal'] as const) {
      const by = processes[round % processes.length] as Cache
      const old = `${how} ${round}`
      await by.drop({ key })
      await by.set(key, old, { ttl, tags: [tag] })
      let done = false
      const stale: string[] = []
      // They ask all the while, so that some are about to remember it when it goes.
      const asking = processes.map(async (it) => {
        for (let late = 0; late < 3; late += done ? 1 : 0) {
          const after = done
          if (await it.get(key) === old && after) stale.push(`after the ${how}`)
          await pause(0)
        }
      })
      await pause(round % 3)
      await (how === 'key' ? by.drop({ key }) : how === 'tag' ? by.drop({ tag }) : by.seal(key, 'sealed', ttl))
      done = true
      await Promise.all(asking)
      assert.deepEqual(stale, [], 'a value was seen that had been dropped or sealed before')
    }
  }
}
