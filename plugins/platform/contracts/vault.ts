/** The laws of `vault`. */
import { vault } from '../../../core/index.ts'
import { assert, defineContract, freshName, strangeNames, strangeStrings } from './kit.ts'

const helps = (error: Error): boolean => error.message.length > 20

export const vaultContract = defineContract(vault, {
  laws: {
    'gives back what was sealed, whatever it is and whomever it belongs to': async (subject) => {
      const owner = freshName()
      for (const secret of strangeStrings) assert.equal(await subject.open(await subject.seal(secret, owner), owner), secret)
      for (const strange of strangeNames()) assert.equal(await subject.open(await subject.seal('a secret', strange), strange), 'a secret')
    },
    'shows nothing of a secret, and not whether two are the same': async (subject) => {
      const owner = freshName()
      const secret = 'sk-a secret that one would know again'
      const sealed = await Promise.all(Array.from({ length: 50 }, () => subject.seal(secret, owner)))
      assert.equal(new Set(sealed).size, 50, 'the same secret was sealed alike twice')
      const texts = sealed.flatMap((one) => [one, ...one.split(/[^\w+/=-]/).flatMap((part) => (['hex', 'base64'] as const).map((coding) => Buffer.from(part, coding).toString('latin1')))])
      for (const text of texts) assert.ok(!text.includes(secret.slice(3, 20)), 'the secret can be read')
    },
    'opens for its owner alone': async (subject) => {
      const name = freshName()
      const owners = [...strangeNames(name), `${name}/a`, `${name}/a/b`, name.toUpperCase()]
      for (const owner of owners) {
        const sealed = await subject.seal('a secret', owner)
        for (const other of owners) if (other !== owner) await assert.rejects(subject.open(sealed, other), helps, `what ${JSON.stringify(owner.slice(0, 80))} owns was opened for ${JSON.stringify(other.slice(0, 80))}`)
      }
    },
    'opens nothing that was changed, cut, or made up': async (subject) => {
      const owner = freshName()
      const sealed = await subject.seal('a secret', owner)
      const bytes = Buffer.from(sealed)
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ 1 << (bit & 7)
        await assert.rejects(subject.open(changed.toString('latin1'), owner), helps, `bit ${bit} was changed`)
      }
      for (let length = 0; length < sealed.length; length++) await assert.rejects(subject.open(sealed.slice(0, length), owner), helps, `it was cut to ${length} characters`)
      const other = await subject.seal('another', owner)
      for (const made of [...strangeStrings, `${sealed}A`, ` ${sealed}`, `${sealed}\n`, sealed + sealed, sealed.slice(0, -20) + other.slice(-20)]) await assert.rejects(subject.open(made, owner), helps)
    },
  },
})
