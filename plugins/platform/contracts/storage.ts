/** The laws of `storage`. */
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { storage, StorageNotFound } from '../../../core/index.ts'
import { assert, defineContract, freshName, oops, strangeStrings } from './kit.ts'

const paths = ['/', '/a', 'a/', 'a//b', '.', '..', '...', './a', '../a', 'a/..', 'a/../b', 'a/./b', 'a/...', '..\\a', '%2e%2e/a', 'a%00', 'a;b', '~', 'c:', 'a/B']
const refused = [...paths, ...strangeStrings.filter((text) => !/^[a-z_]{1,99}$/.test(text))]
/** A prime number of them, repeated: blocks of any usual size that changed places would show. */
const block = Buffer.from(Array.from({ length: 65_521 }, (_, index) => (index * 31 + (index >> 8)) & 255))
const bytes = (length: number): Buffer => Buffer.alloc(length, block)
const halves = (whole: Buffer): Readable => Readable.from([whole.subarray(0, whole.length / 2), whole.subarray(whole.length / 2)])

export const storageContract = defineContract(storage, {
  laws: {
    'gives back the bytes that were put last, from a buffer and from a stream': async (subject) => {
      const key = `${freshName()}/a.b_c`
      for (const length of [1, 0, 1_000_003, 11_000_000, 65_536]) {
        for (const body of [bytes(length), halves(bytes(length))]) {
          assert.deepEqual([await subject.put(key, body), await subject.size(key)], [{ size: length }, length])
          assert.ok((await buffer(await subject.get(key))).equals(bytes(length)), `${length} bytes came back as others`)
        }
      }
      await Promise.all([1, 2, 3].map((of) => subject.put(key, halves(Buffer.alloc(140_000, of)))))
      assert.equal(new Set(await buffer(await subject.get(key))).size, 1, 'several puts at once got mixed')
    },
    'keeps what was there when a put breaks off': async (subject) => {
      const [old, none] = [freshName(), freshName()]
      await subject.put(old, bytes(7))
      // Some adapters send what is large in parts.
      for (const length of [0, 100_000, 6_000_000]) {
        const failing = (): Readable => Readable.from((async function* () { yield bytes(length); oops() })())
        const closing = (): Readable => {
          const body = new PassThrough()
          body.write(bytes(length))
          setImmediate(() => body.destroy())
          return body
        }
        for (const key of [old, none]) for (const body of [failing(), closing()]) await assert.rejects(subject.put(key, body), `${length} bytes, and no end`)
      }
      assert.deepEqual([await subject.size(old), await subject.size(none)], [7, undefined])
    },
    'says StorageNotFound, undefined or nothing where there is nothing': async (subject) => {
      const name = freshName()
      await subject.put(`${name}/a`, bytes(1))
      for (const key of [freshName(), name, `${name}/b`, `${name}/a/b`, `${name}/a`]) {
        assert.equal(await subject.size(`${name}/a`), 1, 'it went with something else that was deleted')
        await subject.delete(key)
        assert.equal(await subject.size(key), undefined)
        await assert.rejects(subject.get(key), StorageNotFound)
      }
    },
    'takes keys of up to 900 characters': async (subject) => {
      const [name, part] = [freshName(), 'x'.repeat(199)]
      const longest = [name, part, part, part, part, part].join('/').slice(0, 900)
      await subject.put(longest, bytes(3))
      assert.deepEqual(await buffer(await subject.get(longest)), bytes(3))
      await subject.delete(longest)
      await assert.rejects(async () => { await subject.put(`${longest}z`, bytes(1)) }, 'it took a key of 901 characters')
    },
    'refuses keys that are not made of plain segments': async (subject) => {
      for (const key of refused) {
        for (const use of [() => subject.put(key, bytes(1)), () => subject.get(key), () => subject.size(key), () => subject.delete(key)]) {
          await assert.rejects(async () => { await use() }, (error) => !(error instanceof StorageNotFound), `it took ${JSON.stringify(key.slice(0, 80))}`)
        }
      }
    },
  },
})
