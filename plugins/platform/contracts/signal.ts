/** The laws of `signal`. */
import { signal } from '../../../core/index.ts'
import { assert, defineContract, eventually, freshName, oops, pause, strangeNames } from './kit.ts'

export const signalContract = defineContract(signal, {
  laws: {
    'carries any message to the listeners of its channel, to no other, and to none whose subscription has ended': async (subject) => {
      const [channels, heard] = [strangeNames(), [] as unknown[]]
      for (const channel of channels) {
        await subject.subscribe(channel, (message) => { heard.push([channel, message]) })
        await (await subject.subscribe(channel, () => { heard.push('ended') }))()
      }
      for (const channel of channels) await subject.publish(channel, { channel, list: [null, channel] })
      await eventually(() => heard.length >= channels.length, 'all messages arrive')
      await pause(20)
      assert.deepEqual(heard, channels.map((channel) => [channel, { channel, list: [null, channel] }]))
    },
    'gives each listener a copy, and lets none stop the others or the publisher by throwing': async (subject) => {
      const [name, sent, heard] = [freshName(), [1], [] as unknown[]]
      const listener = (message: unknown): void => { heard.push([...message as number[]]); (message as number[]).push(2); oops() }
      for (const each of [listener, listener]) await subject.subscribe(name, each)
      await subject.publish(name, sent)
      await eventually(() => heard.length === 2, 'both hear it')
      assert.deepEqual([sent, ...heard], [[1], [1], [1]])
    },
    'ends one subscription and leaves the others, also where one listens twice; and takes the end of one twice': async (subject) => {
      const [name, heard] = [freshName(), [] as unknown[]]
      const listener = (message: unknown): void => { heard.push(message) }
      const first = await subject.subscribe(name, listener)
      const second = await subject.subscribe(name, listener)
      await first()
      await first()
      await subject.publish(name, 1)
      await eventually(() => heard.length > 0, 'the one that is left hears it')
      await second()
      // Ended and begun at once.
      const [, third] = await Promise.all([second(), subject.subscribe(name, listener)])
      await subject.publish(name, 2)
      await eventually(() => heard.length > 1, 'the new one hears it')
      await third()
      await subject.publish(name, 3)
      await pause(20)
      assert.deepEqual(heard, [1, 2])
    },
    'carries a large message whole, and those of one publisher in their order': async (subject) => {
      const [name, heard] = [freshName(), [] as unknown[]]
      await subject.subscribe(name, (message) => { heard.push(message) })
      const sent = ['é\0'.repeat(100_000), ...Array.from({ length: 100 }, (_, index) => index)]
      await Promise.all(sent.map((message) => subject.publish(name, message)))
      await eventually(() => heard.length >= sent.length, 'all messages arrive')
      assert.deepEqual(heard, sent)
    },
  },
})
